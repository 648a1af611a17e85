"""Runs of `cats run --adaptive`: what is decided on each target, and which cells that leaves without a run.

Everything is derived from the attempts alone, so that the driver, a later call and the board come to the same answer.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from results.board.candidates import names_of
from results.board.rules import COLUMNS, choose_runs
from results.board.terms import Terms, terms_of
from results.metrics import metric_of
from results.statistics.sequential import Design, Progress, follow
from results.text.counts import how_many
from results.text.units import three_digits

if TYPE_CHECKING:
    from results.board.request import Selection

TRIED = ("FINISHED", "FAILED")  # states of runs; what was interrupted has not been tried

Source = tuple[str, str]  # source and backbone


@dataclass(frozen=True)
class Contest:
    """The sources that are compared on one target, and the attempts at their cells.

    Attributes:
        sources: in the order of the plan; none that shares images with the target.
        seeds: all seeds of the plan, in its order.
        points: the points of the target's cells, whether they have an attempt or not.
        attempts: the attempts at the cells of this target, with the columns of Experiment.frame.
    """

    target: str
    sources: Sequence[Source]
    seeds: Sequence[str]
    points: Collection[str]
    attempts: pd.DataFrame
    terms: Terms

    @property
    def design(self) -> Design:
        """The looks at this target."""
        return Design(len(self.seeds), self.terms.level, self.terms.margin)

    @cached_property
    def progress(self) -> Progress:
        """What is known of the sources; its numbers are places in `sources`."""
        return follow(*self._table(), self.design)

    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        """The figure of each source and seed, (K, N), NaN where there is none; and whether all points have been tried."""
        shape = len(self.sources), len(self.seeds)
        values, tried = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
        ended = self.attempts[self.attempts["status"].isin(TRIED) & self.attempts["point"].isin(list(self.points))]
        if not len(ended):
            return values, tried
        row = {source: number for number, source in enumerate(self.sources)}
        column = {seed: number for number, seed in enumerate(self.seeds)}
        units = ended.groupby(["source", "backbone", "seed"])["point"].nunique().reset_index()
        for source, backbone, seed, points in units.itertuples(index=False, name=None):
            if (source, backbone) in row and seed in column:
                tried[row[source, backbone], column[seed]] = points == len(self.points)
        finished, score = ended[ended["status"] == "FINISHED"], f"test_{self.terms.metric}"
        if score in finished:
            chosen = choose_runs(finished, self.terms.rule, self.terms.metric)
            for source, backbone, seed, value in chosen[["source", "backbone", "seed", score]].itertuples(
                index=False, name=None
            ):
                if (source, backbone) in row and seed in column:
                    values[row[source, backbone], column[seed]] = value * metric_of(self.terms.metric).sign
        return values, tried

    def wanted(self) -> set[tuple[Source, str]]:
        """The sources and seeds that are needed to decide the question, tried ones included."""
        progress = self.progress
        first = {(source, seed) for source in self.sources for seed in self.seeds[:1]}
        if progress.best is not None:
            return first
        return first | {(self.sources[i], seed) for i in progress.contenders for seed in self.seeds}

    def sentence(self) -> str:
        """What is known of this target, in words."""
        progress, names = self.progress, names_of(self.sources)
        after = f"after {progress.seeds} of {len(self.seeds)} seeds"
        if not progress.contenders:
            return f"{self.target}: no source has a result {after}"
        return f"{self.target}: {self._state(names, after)}"

    def _state(self, names: Sequence[str], after: str) -> str:
        progress, rivals = self.progress, ", ".join(names[i] for i in self.progress.contenders)
        silent = self._silent(names)
        if progress.best is None:
            state = "which source is best is not decided" if progress.seeds == len(self.seeds) else "not decided yet"
            return f"{state} {after}; still possible: {rivals}{silent}"
        best = names[progress.best]
        if len(progress.contenders) > 1:
            return f"no source is better than {best} by {self.terms.margin:g} or more, decided {after}{silent}"
        if progress.beaten:
            return f"{best} is the best source, decided {after}{silent}"
        alone = f"{best} is the only source that may be ranked" if len(names) == 1 else f"only {best} has results"
        return f"{alone}, so that there is nothing to decide"

    def _silent(self, names: Sequence[str]) -> str:
        """The sources that were not compared because all their attempts up to the first look have failed."""
        progress, first = self.progress, self.design.first
        compared = {*progress.contenders, *progress.beaten}
        silent = [name for i, name in enumerate(names) if i not in compared]
        if not silent:
            return ""
        return f"; not compared, because the first {first} seeds gave no result: {', '.join(silent)}"


Planned = tuple[str, str, str, str, str]  # source, target, backbone, seed and point of a cell


@dataclass(frozen=True)
class Unneeded:
    """The cells of a plan that are not run because no answer needs them, and what a board says of it.

    Without a run under any terms both are empty.
    """

    cells: frozenset[Planned] = frozenset()
    notes: list[str] = field(default_factory=list)


def unneeded(cells: pd.DataFrame, planned: Iterable[Planned], selection: "Selection") -> Unneeded:
    """What `cats run --adaptive` has left without a run.

    Args:
        cells: the attempts at the cells of a plan, on one version of the data.
        planned: all cells of the plan.
        selection: the cells of the plan as a filter.
    """
    terms, missing = terms_of(cells), set(planned) - _ended(cells, "FINISHED")
    if terms is None or not missing or len(selection.seeds) < 2:
        return Unneeded()
    contests = {target: _contest(cells, target, selection, terms) for target in dict.fromkeys(selection.targets)}
    wanted = {target: contest.wanted() for target, contest in contests.items()}
    first = str(selection.seeds[0])  # pairs that share images are never ranked, and are run with the first seed alone
    left = frozenset(
        cell
        for cell in missing - _ended(cells, "FAILED")
        if cell[3] != first and ((cell[0], cell[2]), cell[3]) not in wanted[cell[1]]
    )
    sentences = [contest.sentence() for contest in contests.values() if contest.sources]
    return Unneeded(left, [*sentences, *_notes(len(left), terms)])


def _contest(cells: pd.DataFrame, target: str, selection: "Selection", terms: Terms) -> Contest:
    here = cells[cells["target"] == target]
    leaking = set(here.loc[here["leak"].notna(), "source"]) if "leak" in here else set()
    apart = leaking | {source for source, other in selection.apart if other == target}
    sources = [(source, backbone) for source, backbone in selection.candidates if source not in apart]
    return Contest(target, sources, [str(seed) for seed in selection.seeds], selection.points_of(target), here, terms)


def _ended(cells: pd.DataFrame, status: str) -> set[Planned]:
    """The cells of the attempts that ended so."""
    ended = cells[cells["status"] == status]
    return set(ended[[*COLUMNS, "point"]].itertuples(index=False, name=None))


def _notes(left: int, terms: Terms) -> list[str]:
    what = (
        "run with --adaptive: what is decided holds for new seeds on these test images, whose sampling error no seed makes "
        f"smaller; a target has a wrong answer in at most {three_digits(100 * (1 - terms.level))} % of cases, over all looks "
        "and pairs, if the figures of a source are roughly normal over seeds"
    )
    notes = [what, "the number of seeds of a source depends on its results, which the intervals, ties and P(best) do not count"]
    if left:
        cells, them = how_many(left, "cell is", "cells are"), "it" if left == 1 else "them"
        notes.insert(0, f"{cells} not run, because no answer needs {them}; `cats run` without --adaptive runs {them}")
    return notes
