"""Columns of the costs of attempts in a frame of runs: every phase as JSON text, and the totals that boards need."""

import json
import math
from typing import Any

import pandas as pd

from results.tracking.gc_pause import uncollected

SHARED = " (shared)"  # follows hardware and provenance where attempts that trained together share the energy of one device
UNDIVIDED = " (shared, not divided)"  # where each attempt holds all of that energy


def brief(costs: str) -> dict[str, Any]:
    """The totals of the costs of one attempt (JSON text), stored with every run so that boards need not parse the costs.

    Returns `kwh`, None if a figure is missing or there is none, and `energy`, such as "cpu modelled;gpu counter (shared)".
    "(shared)" marks a share of the energy of several attempts, "(shared, not divided)" the energy of all of them.
    """
    figures, kinds = [], set()
    for cost in json.loads(costs):
        shared, undivided = cost.get("shared_seconds") is not None, cost.get("undivided")
        for name, part in cost["energy"].items():
            share = UNDIVIDED if undivided else SHARED if shared and not part.get("whole") else ""
            figures.append(part["kwh"])
            kinds.add(f"{name} {part['provenance']}{'' if part['kwh'] is None and share == UNDIVIDED else share}")
    total = math.fsum(figures) if figures and None not in figures else None
    return {"kwh": total, "energy": ";".join(sorted(kinds)) or None}


def unpacked(texts: pd.Series) -> pd.Series:
    """A column of JSON texts (costs: lists of results.record.Cost as dicts; reasons: dicts), parsed with one call."""
    with uncollected():
        return pd.Series(json.loads(f"[{','.join(texts)}]"), index=texts.index, dtype=object)


def spent(kwh: pd.Series) -> float | None:
    """The energy of several attempts; None if the energy of any is unknown, or if there is no attempt."""
    return None if not len(kwh) or kwh.isna().any() else math.fsum(kwh)


def hardware(frame: pd.DataFrame) -> list[str]:
    """The hardware of all attempts, counted, modelled or missing: "cpu modelled", "gpu counter (shared)", ..."""
    return sorted({each for text in frame["energy"].dropna().unique() for each in text.split(";")})
