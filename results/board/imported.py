"""Sentences about imported runs: what their authors chose, and what could not be checked."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from results.board.rules import COLUMNS, ORACLE, rule_in_words, rule_of

UNCHECKED = (
    "imported runs: it could not be checked whether a source and a target share images; pairs that are known to share some are "
    "kept off the ranking by `leaks:` in the map"
)


@dataclass(frozen=True)
class Imported:
    """A table of other people from which runs or scores come.

    Attributes:
        name: its title in the map, or the file of a matrix. runs: how many. citation, licence: as the map or the command states
            them; empty where neither does.
    """

    name: str
    runs: int
    citation: str = ""
    licence: str = ""


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


def origins(runs: pd.DataFrame) -> list[Imported]:
    """The tables from which the imported runs come, in the order of their names."""
    foreign = runs[imported(runs)].reindex(columns=["imported", "citation", "licence"])
    counts = Counter(tuple(text if isinstance(text, str) else "" for text in row) for row in foreign.to_numpy())
    return [Imported(name, number, cited, free) for (name, cited, free), number in sorted(counts.items())]


def unchecked(cells: pd.DataFrame) -> list[str]:
    """Notes, if any cell was imported: whom to cite, where that is known, and what could not be checked."""
    cited = list(dict.fromkeys(each.citation for each in origins(cells) if each.citation))
    to_cite = [f"imported runs: please cite {'; and '.join(cited)}"] if cited else []
    return [*to_cite, UNCHECKED] if imported(cells).any() else []
