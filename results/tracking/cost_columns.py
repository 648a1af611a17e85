"""What attempts cost, as the rows of their runs hold it: every phase as JSON text, and beside it in brief what boards ask."""

import json
import math
from typing import Any

import pandas as pd

from results.tracking.gc_pause import uncollected

SHARED = " (shared)"  # behind hardware and provenance, where attempts trained together share the energy of one device
UNDIVIDED = " (shared, not divided)"  # where each of them holds all of it


def brief(costs: str) -> dict[str, Any]:
    """Of the costs of one attempt: `kwh`, None if a figure is missing or there is none, and `energy`, "cpu modelled;...",
    with "(shared)" behind what is a share of several attempts' energy, "(shared, not divided)" behind what is all of it.

    It is kept with every run, so that a board of many runs need not look into their costs.
    """
    figures, kinds = [], set()
    for cost in json.loads(costs):
        shared, undivided = cost.get("shared_seconds") is not None, cost.get("undivided")
        for name, part in cost["energy"].items():
            share = UNDIVIDED if undivided else SHARED if shared and not part.get("whole") else ""
            figures.append(part["kwh"])
            kinds.add(f"{name} {part['provenance']}{'' if part['kwh'] is None and share == UNDIVIDED else share}")
    known = math.fsum(figures) if figures and None not in figures else None
    return {"kwh": known, "energy": ";".join(sorted(kinds)) or None}


def unpacked(texts: pd.Series) -> pd.Series:
    """A column of JSON texts (costs: lists of results.record.Cost as dicts; reasons: dicts), parsed at one stroke."""
    with uncollected():
        return pd.Series(json.loads(f"[{','.join(texts)}]"), index=texts.index, dtype=object)


def spent(kwh: pd.Series) -> float | None:
    """The energy of several attempts; None if that of any is unknown, or if there is none."""
    return None if not len(kwh) or kwh.isna().any() else math.fsum(kwh)


def hardware(frame: pd.DataFrame) -> list[str]:
    """Which hardware is counted, modelled or missing, over all attempts: "cpu modelled", "gpu counter (shared)", ..."""
    return sorted({each for text in frame["energy"].dropna().unique() for each in text.split(";")})
