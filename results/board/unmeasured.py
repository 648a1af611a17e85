"""Sentences below a board about attempts whose energy its records do not hold, which leave Wh of their rows unknown."""

import pandas as pd

from results.board.candidates import row_names
from results.board.imported import imported
from results.board.versions import chain_of, without_record
from results.text.counts import how_many

ENDED_EARLY = ("KILLED", "FAILED")  # states of MLflow: interrupted, failed


def unmeasured(cells: pd.DataFrame, frame: pd.DataFrame) -> list[str]:
    """The sentences, if there are such attempts. `cells`: those of the board. `frame`: all runs of the experiment."""
    pretrainings = frame[frame["kind"] == "pretraining"]
    parents = dict(zip(pretrainings["key"], pretrainings["pretraining"], strict=True))
    used = {key for first in cells["pretraining"].dropna().unique() for key in chain_of(first, parents)}
    return [*_ended_early(cells, pretrainings[pretrainings["key"].isin(used)]), *_without_record(cells, frame)]


def _ended_early(cells: pd.DataFrame, pretrainings: pd.DataFrame) -> list[str]:
    counted = {"cells": _count(cells), "pretrainings": _count(pretrainings)}
    total = sum(counted.values())
    if not total:
        return []
    parts = " and ".join(f"{number:,} at {what}" for what, number in counted.items() if number)
    attempts = how_many(total, "attempt that was interrupted or failed", "attempts that were interrupted or failed")
    known = "`cats cost` shows the part that is known"
    return [f"the energy of {attempts} ({parts}) is not known in full, so Wh is missing where it counts; {known}"]


def _without_record(cells: pd.DataFrame, frame: pd.DataFrame) -> list[str]:
    """Which rows start from weights that were pretrained for another experiment, and are only loaded here."""
    pairs = without_record(cells, frame)
    if not pairs:
        return []
    names = row_names(pairs, several=cells["backbone"].nunique() > 1)
    return [f"Wh of {', '.join(names)} is missing: the record of a pretraining that cells start from is not in this experiment"]


def _count(attempts: pd.DataFrame) -> int:
    early = attempts["status"].isin(ENDED_EARLY) & ~imported(attempts)
    return int((early & attempts["kwh"].isna()).sum())
