"""Sentences below a board about attempts whose energy its records do not hold, which leave Wh of their rows unknown."""

import pandas as pd

from results.board.imported import imported
from results.board.versions import chain_of
from results.text.counts import how_many

ENDED_EARLY = ("KILLED", "FAILED")  # states of MLflow: interrupted, failed


def unmeasured(cells: pd.DataFrame, frame: pd.DataFrame) -> list[str]:
    """The sentences, if there are such attempts. `cells`: those of the board. `frame`: all runs of the experiment."""
    pretrainings = frame[frame["kind"] == "pretraining"]
    parents = dict(zip(pretrainings["key"], pretrainings["pretraining"], strict=True))
    chains = {first: chain_of(first, parents) for first in cells["pretraining"].dropna().unique()}
    used = {key for chain in chains.values() for key in chain}
    without = cells["pretraining"].isin([first for first, chain in chains.items() if not parents.keys() >= set(chain)])
    return [
        *_ended_early(cells, pretrainings[pretrainings["key"].isin(used)]),
        *_elsewhere(sorted(cells.loc[without, "source"].dropna().unique())),
    ]


def _ended_early(cells: pd.DataFrame, pretrainings: pd.DataFrame) -> list[str]:
    counted = {"cells": _count(cells), "pretrainings": _count(pretrainings)}
    total = sum(counted.values())
    if not total:
        return []
    parts = " and ".join(f"{number:,} at {what}" for what, number in counted.items() if number)
    attempts = how_many(total, "attempt that was interrupted or failed", "attempts that were interrupted or failed")
    known = "`cats cost` shows the part that is known"
    return [f"the energy of {attempts} ({parts}) is not known in full, so Wh is missing where it counts; {known}"]


def _elsewhere(sources: list[str]) -> list[str]:
    """What the cells of these sources start from was trained for another experiment, and is only loaded here."""
    if not sources:
        return []
    held = "another experiment holds the record of the pretraining that cells start from"
    return [f"Wh of {', '.join(sources)} is missing: {held}"]


def _count(attempts: pd.DataFrame) -> int:
    early = attempts["status"].isin(ENDED_EARLY) & ~imported(attempts)
    return int((early & attempts["kwh"].isna()).sum())
