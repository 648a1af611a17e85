"""Pools of sources from which a ranker learns, and pools that it orders: places instead of scores, so that targets compare.

The scores of one target mean nothing on another one. What a pool holds is therefore the place of each source among the sources
of its own target, by each measure and by what was measured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from results.agreement.decisions import Decision
from results.agreement.scores import PairScore

NO_INPUT = frozenset({"imagenet_always", "static_rank", "random"})  # static_rank was scored with the cells of all targets


@dataclass(frozen=True, eq=False)
class Pool:
    """The n sources of one target on one backbone, or its candidates on several, in the order of their names.

    Attributes:
        backbone: empty for candidates of several backbones.
        family: targets of one family never speak for each other.
        scores, errors: measure → (n,) its scores and their standard errors; NaN and 0 where there is none.
        truth: (n,) place of each source by what was measured, see `places`; None where nothing was measured.
    """

    target: str
    backbone: str
    family: str
    sources: tuple[str, ...]
    scores: Mapping[str, np.ndarray]
    errors: Mapping[str, np.ndarray]
    truth: np.ndarray | None = None

    @cached_property
    def placed(self) -> dict[str, np.ndarray]:
        """Measure → (n,) the places that it gives."""
        return {name: places(scores) for name, scores in self.scores.items()}


def places(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis with mean 0 and variance 1, higher is better; equal values have equal places.

    NaN stays NaN and is no place. A row with fewer than two different values has no places: NaN everywhere.
    """
    able = np.isfinite(values)
    ranks = stats.rankdata(np.where(able, values, np.inf), axis=-1)
    number = able.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = ranks - np.where(able, ranks, 0).sum(axis=-1, keepdims=True) / number
        spread = np.sqrt(np.where(able, centred**2, 0).sum(axis=-1, keepdims=True) / number)
        return np.asarray(np.where(able & (spread > 0), centred / spread, np.nan))


def judged_pools(decisions: Sequence[Decision], rows: Sequence[PairScore], families: Mapping[str, str]) -> list[Pool]:
    """The pools of decisions, with their truth. `families`: target → family, of targets that have relatives."""
    pools = []
    for decision in decisions:
        order = sorted(range(len(decision.sources)), key=lambda i: decision.sources[i])
        sources = [decision.sources[i] for i in order]
        pools.append(_pool((decision.target, decision.backbone), sources, rows, families, places(decision.values[order])))
    return pools


def scored_pools(rows: Sequence[PairScore], families: Mapping[str, str]) -> list[Pool]:
    """The pools of all pairs with scores, without any truth. A target is no source for itself."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if data_set(row.source) != row.target:
            found.setdefault((row.target, row.backbone), {})[row.source] = None
    return [_pool(name, sorted(sources), rows, families) for name, sources in found.items() if len(sources) > 1]


def data_set(name: str) -> str:
    """A source or a target without its options."""
    return name.partition("[")[0].partition(" on ")[0]


def _pool(
    name: tuple[str, str],
    sources: Sequence[str],
    rows: Iterable[PairScore],
    families: Mapping[str, str],
    truth: np.ndarray | None = None,
) -> Pool:
    target, backbone = name
    column = {source: number for number, source in enumerate(sources)}
    scores: dict[str, np.ndarray] = {}
    errors: dict[str, np.ndarray] = {}
    for row in rows:
        place = column.get(row.source)
        if (row.target, row.backbone) != name or place is None or row.value is None or row.measure in NO_INPUT:
            continue
        scores.setdefault(row.measure, np.full(len(sources), np.nan))[place] = row.value
        errors.setdefault(row.measure, np.zeros(len(sources)))[place] = row.error
    family = families.get(target) or families.get(data_set(target)) or data_set(target)
    return Pool(target, backbone, family, tuple(sources), scores, errors, truth)
