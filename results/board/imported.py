"""What boards have to say of runs that other people made: what their authors chose, and what nobody could check."""

import pandas as pd

from results.board.rules import COLUMNS, ORACLE, rule_in_words, rule_of

UNCHECKED = (
    "imported runs: whether images of a source and a target are the same could not be checked; pairs that are known to share "
    "some are put apart by `leaks:` in the map"
)


def imported(runs: pd.DataFrame) -> pd.Series:
    """Which runs were brought in by `cats import`."""
    return runs["imported"].notna() if "imported" in runs else pd.Series(data=False, index=runs.index)


def choice(finished: pd.DataFrame, rule: str, metric: str) -> str:
    """Who chose epochs and settings, in words. `finished`: all points of a grid."""
    points = f"grid points chosen by {rule_in_words(rule)}{'' if rule == ORACLE else ' on validation images'}"
    theirs = imported(finished)
    if not theirs.any():
        return points if rule == ORACLE else f"epochs and {points}"
    if not theirs.all():
        return f"epochs of imported runs chosen by those who made them, other epochs and {points}"
    if not (finished.groupby(COLUMNS)["point"].nunique() > 1).any():
        return "epochs and settings chosen by those who made the runs"
    epochs = "epochs chosen by those who made the runs"
    if rule_of(rule).figure(finished, metric).isna().all():
        return f"{epochs}; no run has the figure of {rule}, so that nothing tells which point of a grid should count"
    return f"{epochs}, {points}"


def unchecked(cells: pd.DataFrame) -> list[str]:
    """A note, if any of them was imported."""
    return [UNCHECKED] if imported(cells).any() else []
