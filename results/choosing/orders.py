"""Orders learnt from other targets: which source first, and for each source which setting first.

The loss of an arm on a target is log((1 - score) / (1 - best score of the target)), replicates averaged; for a metric without a
bound the distance to the best score in standard deviations. A greedy order takes next what lowers the mean over targets of the
smallest loss so far the most: settings that are good on different targets come before settings that are good on the same ones.
"""

import math
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from results.choosing.groups import groups_of, rate_of
from results.choosing.prior import Prior, Setting, averaged, known_mean
from results.metrics import metric_of

FLOOR = 1e-4  # of the distance of a score to the bound of its metric: a perfect score would be infinitely far from all others
TINY = 1e-12
LADDER = (-1, -2, 0, -3)  # decades of the rate lr / (1 - momentum) that are tried first with a source of which nothing is known
_kept: "WeakKeyDictionary[Prior, Orders]" = WeakKeyDictionary()


def orders_of(prior: Prior) -> "Orders":
    """The orders of a prior, computed once for each prior."""
    if prior not in _kept:
        _kept[prior] = Orders(prior)
    return _kept[prior]


class Orders:
    """Orders of the sources and the settings of a prior, which is not kept alive."""

    def __init__(self, prior: Prior) -> None:
        self.sources, self.settings = prior.sources, prior.settings
        self.groups = groups_of(prior.settings)
        self.loss = losses_of(averaged(prior.score, self.groups), prior.metric)
        self.cells, self.metric = averaged_scores(prior), prior.metric
        self._chosen = chosen_scores(prior.val_loss, prior.score)
        self.kept: dict[Hashable, Any] = {}  # what policies derive from a prior, so that each question does not derive it again
        self._own: dict[str, list[str]] = {}

    @cached_property
    def ranked(self) -> list[str]:
        """The sources that the prior knows, best first: by the mean over targets of the rank inside the target."""
        return [self.sources[index] for index in by_rank(self._chosen)]

    @cached_property
    def by_loss(self) -> list[str]:
        """The same sources by their mean loss over targets, replicates averaged: the order in which sets are made.

        A source that is nearly as good as the best keeps its place here, where it may fall far by ranks.
        """
        return [self.sources[index] for index in by_loss(self.cells, self.metric)]

    def own(self, source: str) -> list[str]:
        """The names of all settings, in the order in which to try them with a source that the prior knows."""
        if source not in self._own:
            self._own[source] = self._named(self.loss[:, self.sources.index(source)])
        return self._own[source]

    def shared(self, sources: Sequence[str]) -> list[str]:
        """The names of all settings, in one order for all of these sources."""
        loss = self.loss[:, self._places(sources)]
        return self._named(loss.reshape(loss.shape[0] * loss.shape[1], loss.shape[2]))

    def pairs(self, sources: Sequence[str]) -> list[tuple[str, str]]:
        """All pairs of one of these sources and a setting, in the greedy order of pairs."""
        places = self._places(sources)
        loss = self.loss[:, places]
        return [
            (self.sources[places[cell // len(self.settings)]], self.settings[cell % len(self.settings)].name)
            for cell in self._spread(loss.reshape(len(loss), loss.shape[1] * loss.shape[2]))
        ]

    def _places(self, sources: Sequence[str]) -> list[int]:
        return [self.sources.index(source) for source in sources if source in self.sources]

    def _named(self, loss: np.ndarray) -> list[str]:
        return [self.settings[cell].name for cell in self._spread(loss)]

    def _spread(self, loss: np.ndarray) -> list[int]:
        """The greedy order of columns (..., groups) as an order of (..., settings)."""
        count = int(self.groups.max(initial=-1)) + 1
        members = [np.flatnonzero(self.groups == group).tolist() for group in range(count)]
        useful, means = greedy(loss)
        cells = [divmod(column, count) for column in useful]
        first = [row * len(self.groups) + members[group][0] for row, group in cells]
        columns = [divmod(int(column), count) for column in np.argsort(means, kind="stable")]
        rest = [row * len(self.groups) + member for row, group in columns for member in members[group]]
        return list(dict.fromkeys([*first, *rest]))


def losses_of(score: np.ndarray, metric: str) -> np.ndarray:
    """How far each score is behind the best of its target, (targets, ...): 0 for the best, NaN where a score is not known."""
    if not score.size:
        return score
    best = np.nanmax(np.where(np.isfinite(score), score, -np.inf), axis=tuple(range(1, score.ndim)), keepdims=True)
    bound = bound_of(metric)
    if bound is not None:
        return np.asarray(np.log(np.maximum(bound - score, FLOOR) / np.maximum(bound - best, FLOOR)))
    flat = score.reshape(len(score), -1)
    spread = np.array([np.nanstd(row) if np.isfinite(row).any() else np.nan for row in flat]).reshape(best.shape)
    return np.asarray((best - score) / np.where(spread > 0, spread, 1.0))


def bound_of(metric: str) -> float | None:
    """The best value that a score can have, higher being better; None if there is none."""
    bound = metric_of(metric).oriented_bounds[1]
    return bound if math.isfinite(bound) else None


def chosen_scores(val_loss: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The score at the smallest validation loss, over the last axis; NaN where no setting has both figures."""
    if not score.size:
        return np.full(score.shape[:-1], np.nan)
    held = np.where(np.isfinite(val_loss) & np.isfinite(score), val_loss, np.inf)
    best = held.argmin(axis=-1)[..., None]
    found = np.take_along_axis(score, best, -1)[..., 0]
    return np.where(np.isfinite(np.take_along_axis(held, best, -1)[..., 0]), found, np.nan)


def averaged_scores(prior: Prior) -> np.ndarray:
    """The score of each target and source with replicates averaged, (targets, sources).

    The settings are dealt to as many sweeps as the largest replicate group has members, each with one member of every group; in
    each sweep the smallest validation loss chooses, and the mean over sweeps counts.
    """
    groups = groups_of(prior.settings)
    members = [np.flatnonzero(groups == group) for group in range(int(groups.max(initial=-1)) + 1)]
    sweeps = []
    for sweep in range(max((len(some) for some in members), default=0)):
        places = [int(some[sweep % len(some)]) for some in members]
        sweeps.append(chosen_scores(prior.val_loss[:, :, places], prior.score[:, :, places]))
    if not sweeps:
        return np.full(prior.score.shape[:2], np.nan)
    return known_mean(np.array(sweeps), 0)


def by_loss(cells: np.ndarray, metric: str) -> list[int]:
    """The numbers of the sources that any target measured, best first: the smallest mean loss over the targets that know it.

    Args:
        cells: (targets, sources), higher is better; NaN where not known.
        metric: the name of the metric of the cells.
    """
    return _smallest_first(greedy(losses_of(cells, metric))[1])


def by_rank(cells: np.ndarray) -> list[int]:
    """The numbers of the sources that any target measured, best first: the smallest mean rank over the targets that know it.

    A rank is a place from 0 (best) to 1 (worst) among the sources that its target knows; equal cells share their places.
    """
    known = np.isfinite(cells)
    with np.errstate(invalid="ignore"):
        above = (cells[:, None, :] > cells[:, :, None]).sum(axis=2)
        equal = (cells[:, None, :] == cells[:, :, None]).sum(axis=2) - 1
    places = (above + 0.5 * equal) / np.maximum(known.sum(axis=1, keepdims=True) - 1, 1)
    return _smallest_first(_mean_or_infinite(np.where(known, places, np.nan)))


def _mean_or_infinite(values: np.ndarray) -> np.ndarray:
    """The mean over the known rows of each column, (rows, columns) to (columns,); infinite where no row is known."""
    means = known_mean(values, 0)
    return np.where(np.isfinite(means), means, np.inf)


def _smallest_first(means: np.ndarray) -> list[int]:
    return [int(index) for index in np.argsort(means, kind="stable") if np.isfinite(means[index])]


def greedy(loss: np.ndarray) -> tuple[list[int], np.ndarray]:
    """The columns to try first, and the mean loss of each column.

    Next is the column that lowers the mean over rows of the smallest loss so far the most, until none lowers it. A row begins
    at its largest loss, and a loss that is not known lowers nothing.

    Args:
        loss: (rows, columns); NaN where not known.

    Returns:
        Numbers of columns, and the means over the known rows, (columns,), infinite where no row is known.
    """
    known = np.isfinite(loss)
    rows = known.any(axis=1)
    current = np.where(known, loss, -np.inf).max(axis=1, initial=-np.inf)[rows]
    filled = np.where(known, loss, np.inf)[rows]
    order: list[int] = []
    while filled.size:
        gain = np.maximum(current[:, None] - filled, 0.0).sum(axis=0)
        best = int(gain.argmax())
        if gain[best] <= TINY:
            break
        order.append(best)
        current = np.minimum(current, filled[:, best])
    return order, _mean_or_infinite(loss)


def ladder(settings: Sequence[Setting], preferred: Sequence[str]) -> list[str]:
    """One setting for each decade of the rate in LADDER, then the others: in both, `preferred` names come first.

    For a source of which nothing is known. Decades without a setting are left out, and so is the ladder where no setting has a
    rate.
    """
    by_name = {setting.name: setting for setting in settings}
    names = list(dict.fromkeys([*(name for name in preferred if name in by_name), *by_name]))
    rates = {name: rate for name in names if (rate := rate_of(by_name[name])) is not None}
    rungs = []
    for decade in LADDER:
        near = [name for name, rate in rates.items() if abs(math.log10(rate) - decade) < 0.5]
        rungs += near[:1]
    return list(dict.fromkeys([*rungs, *names]))
