"""Sentences about imported runs: what their authors chose, and what could not be checked."""

import pandas as pd

from results.board.rules import COLUMNS, ORACLE, rule_in_words, rule_of

UNCHECKED = (
    "imported runs: it could not be checked whether a source and a target share images; pairs that are known to share some are "
    "kept off the ranking by `leaks:` in the map"
)


def imported(runs: pd.DataFrame) -> pd.Series:
    """(N,) bool: which runs come from `cats import`."""
    return runs["imported"].notna() if "imported" in runs else pd.Series(data=False, index=runs.index)


def choice(finished: pd.DataFrame, rule: str, metric: str) -> str:
    """Who chose epochs and settings, in words. `finished`: all points of a grid."""
    points = f"grid points chosen by {rule_in_words(rule)}{'' if rule == ORACLE else ' on validation images'}"
    foreign = imported(finished)
    own = finished.loc[~foreign, "rule"].dropna() if "rule" in finished else pd.Series(dtype=object)
    before = "" if not len(own) or set(own) == {rule} else f"epochs chosen by {' or '.join(sorted(set(own)))}"
    if not foreign.any():
        if before:
            return f"{before} on validation images, {points}"
        return points if rule == ORACLE else f"epochs and {points}"
    if not foreign.all():
        others = f"{before.replace('epochs', 'other epochs', 1)}, " if before else "other epochs and "
        return f"epochs of imported runs chosen by those who made them, {others}{points}"
    if not (finished.groupby(COLUMNS)["point"].nunique() > 1).any():
        return "epochs and settings chosen by those who made the runs"
    epochs = "epochs chosen by those who made the runs"
    if rule_of(rule).figure(finished, metric).isna().all():
        return f"{epochs}; no run has the figure of {rule}, so that no point of a grid can be chosen"
    return f"{epochs}, {points}"


def unchecked(cells: pd.DataFrame) -> list[str]:
    """A note, if any cell was imported."""
    return [UNCHECKED] if imported(cells).any() else []
