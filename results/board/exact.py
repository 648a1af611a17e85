"""Why a figure has no interval although its test images are known: the best and the worst figure do not vary over them.

DeLong's variance of an AUC of 1 is 0, as is that of an accuracy of 1: every test image counts alike. An interval of no width
would say that the figure is known exactly, which a few test images do not show: none is given, and the reason is said instead.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from results.metrics import metric_of, written

DONE = {"auc": "ranked", "accuracy": "classified", "balanced_accuracy": "classified"}
NEAR = 1e-9  # what a mean over seeds or classes may be off by


class Ranked(Protocol):
    """A row of a board, see results.board.ranking.Row."""

    @property
    def source(self) -> str:
        """Its name."""

    @property
    def mean(self) -> float:
        """Of the metric."""

    @property
    def low(self) -> float | None:
        """The lower end of the interval; None where there is none."""


class Apart(Ranked, Protocol):
    """A pair that is kept off the ranking, see results.board.board.Leaking."""

    @property
    def target(self) -> str:
        """Its name."""


def why_exact(metric: str, value: float) -> str | None:
    """Why the test images show no variance of a figure, in words; None where it lies at no bound of its metric."""
    low, high = metric_of(metric).bounds
    bound = next((bound for bound in (low, high) if abs(value - bound) < NEAR), None)
    if bound is None:
        return None
    if metric in DONE:
        return f"every test image is {DONE[metric]} {'rightly' if bound == high else 'wrongly'}"
    return f"the {written(metric)} is exactly {bound:g}"


def exact_notes(
    targets: Mapping[str, Sequence[Ranked]], leaking: Sequence[Apart], images: Collection[str], metric: str
) -> list[str]:
    """One note for each target and reason about the sources that have no interval although the test images are counted.

    images: the targets whose test images are counted.
    """
    without: dict[tuple[str, str], list[str]] = {}
    shown: list[tuple[str, Ranked]] = [(target, row) for target, rows in targets.items() for row in rows]
    shown += [(pair.target, pair) for pair in leaking]
    for target, row in shown:
        if row.low is None and target in images:
            why = why_exact(metric, row.mean) or "every test image counts alike"
            without.setdefault((target, why), []).append(row.source)
    return [
        f"{target}: {', '.join(names)} {'has' if len(names) == 1 else 'have'} no interval, because {why}"
        for (target, why), names in without.items()
    ]
