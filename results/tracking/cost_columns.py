"""Columns of the costs of attempts in a frame of runs: every phase as JSON text, and the totals that boards need."""

import json
import math
from typing import Any

import pandas as pd

from results.tracking.gc_pause import uncollected

SHARED = " (shared)"  # follows hardware and provenance where attempts that trained together share the energy of one device
UNDIVIDED = " (shared, not divided)"  # where each attempt holds all of that energy
UNKNOWN = " (share unknown)"  # where others may have used the hardware, and the attempt holds all of its energy
FEW = 0.05  # below this part of the work, what is not ours is the work of the operating system


def totals(costs: str) -> dict[str, Any]:
    """The totals of the costs of one attempt (JSON text), stored with every run so that boards need not parse the costs.

    Returns `kwh`, None if a figure is missing or there is none, and `energy`, such as "cpu modelled;gpu counter (shared)".
    "(shared)" marks the attempt's share of the energy of a machine or of several attempts, "(shared, not divided)" the energy
    of all of these attempts, "(share unknown)" that of the whole hardware. `cpu_seconds` and `busy_seconds` are those of the
    attempt and of the machine, over the phases where both are known; None if there is none.
    """
    figures, kinds, work = [], set(), []
    for cost in json.loads(costs):
        shared, undivided = cost.get("shared_seconds") is not None, cost.get("undivided")
        if cost.get("busy_seconds") is not None:
            work.append((cost["cpu_seconds"], cost["busy_seconds"]))
        for name, part in cost["energy"].items():
            divided = part.get("machine_kwh") is not None or (shared and not part.get("whole"))
            share = UNDIVIDED if undivided else SHARED if divided else UNKNOWN if part.get("undivided") else ""
            figures.append(part["kwh"])
            kinds.add(f"{name} {part['provenance']}{'' if part['kwh'] is None and share == UNDIVIDED else share}")
    total = math.fsum(figures) if figures and None not in figures else None
    own, busy = (math.fsum(seconds) for seconds in zip(*work, strict=True)) if work else (None, None)
    return {"kwh": total, "energy": ";".join(sorted(kinds)) or None, "cpu_seconds": own, "busy_seconds": busy}


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


def foreign_share(frame: pd.DataFrame) -> float | None:
    """The part of the machine's work during these attempts that was not theirs, 0 to 1; None if it is known of no attempt."""
    if "busy_seconds" not in frame:
        return None
    known = frame.dropna(subset=["busy_seconds"])
    busy = math.fsum(known["busy_seconds"])
    return max(0.0, 1 - math.fsum(known["cpu_seconds"]) / busy) if busy else None


def foreign_work(frame: pd.DataFrame) -> list[str]:
    """One sentence if more than FEW of the machine's work meanwhile was not that of these attempts."""
    share = foreign_share(frame)
    if share is None or share < FEW:
        return []
    return [foreign_sentence(share)]


def foreign_sentence(share: float) -> str:
    """A sentence about the part of a machine's work, 0 to 1, that was not that of the attempts."""
    return f"{100 * share:.0f} % of this machine's work meanwhile was not ours; its energy is not counted"
