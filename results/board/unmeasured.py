"""A sentence below a board about attempts that ended early without an energy, which leave Wh of their rows unknown."""

import pandas as pd

from results.board.imported import imported
from results.board.versions import chain_of
from results.text.counts import how_many

ENDED_EARLY = ("KILLED", "FAILED")  # states of MLflow: interrupted, failed


def unmeasured(cells: pd.DataFrame, frame: pd.DataFrame) -> list[str]:
    """The sentence, if there is such an attempt. `cells`: those of the board. `frame`: all runs of the experiment."""
    pretrainings = frame[frame["kind"] == "pretraining"]
    parents = dict(zip(pretrainings["key"], pretrainings["pretraining"], strict=True))
    used = {key for first in cells["pretraining"].dropna().unique() for key in chain_of(first, parents)}
    counted = {"cells": _count(cells), "pretrainings": _count(pretrainings[pretrainings["key"].isin(used)])}
    total = sum(counted.values())
    if not total:
        return []
    parts = " and ".join(f"{number:,} at {what}" for what, number in counted.items() if number)
    attempts = how_many(total, "attempt that was interrupted or failed", "attempts that were interrupted or failed")
    known = "`cats cost` shows the part that is known"
    return [f"the energy of {attempts} ({parts}) is not known in full, so Wh is missing where it counts; {known}"]


def _count(attempts: pd.DataFrame) -> int:
    early = attempts["status"].isin(ENDED_EARLY) & ~imported(attempts)
    return int((early & attempts["kwh"].isna()).sum())
