"""`learned`: a ridge regression on the places that measures give to sources, fitted on targets whose results are known.

A target is ordered by what targets of other families teach: neither its own results nor those of a relative decide anything,
not a weight, not the penalty, not which measures are used.
"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from results.agreement.pools import Pool, places
from results.agreement.result import SHARE
from results.agreement.scores import PairScore
from results.error import CatsError
from results.text.counts import how_many

NAME = "learned"
ELSEWHERE = "mean place elsewhere"  # an input beside the measures: the place of a source on the targets that teach
LEAST = 5  # families that teach; docs/agreement.md has the simulation
PENALTIES = tuple(10.0**power for power in np.arange(-1, 4.5, 0.5))  # on inputs of variance 1, each family with weight 1
DRAWS = 60  # of the scores of a pool inside their intervals


@dataclass(frozen=True, eq=False)
class Ordered:
    """What is predicted of the n sources of a pool.

    Attributes:
        values: (n,) predicted places, see pools.places; NaN where the ranker says nothing.
        errors: (n,) their standard errors, from the intervals of the measures alone.
        wrong, apart: what the ranker was wrong by on targets that it had not seen, at 95 %: the half width of the interval of
            one place, and the difference of two places that can be told apart. NaN where it says nothing.
        weights: input → weight. missing: the share of the values of the inputs that were missing.
        targets, families: how many teach. reason: why it says nothing.
    """

    pool: Pool
    values: np.ndarray
    errors: np.ndarray
    wrong: float = float("nan")
    apart: float = float("nan")
    weights: dict[str, float] = field(default_factory=dict)
    missing: float = 0.0
    reason: str | None = None
    targets: int = 0
    families: int = 0

    @property
    def tied(self) -> list[str]:
        """The sources that cannot be told apart from the one with the highest prediction, that one first."""
        order = np.argsort(-self.values, kind="stable")
        return [self.pool.sources[i] for i in order if self.values[order[0]] - self.values[i] <= self.apart]


def order(asked: Sequence[Pool], teachers: Sequence[Pool], least: int = LEAST) -> list[Ordered]:
    """One result for each pool of `asked`. Teachers are pools with a truth; those of a pool's own family do not teach it.

    Raises CatsError if no pool has `least` families that teach, or if a measure is called `learned`.
    """
    if any(NAME in pool.scores for pool in (*asked, *teachers)):
        raise CatsError(f"there is a measure '{NAME}' already, so that nothing can be learned under this name; rename it")
    taught = _that_teach(teachers)
    made = [_ordered(pool, [other for other in taught if other.family != pool.family], least) for pool in asked]
    if not any(each.reason is None for each in made):
        reasons = list(dict.fromkeys(each.reason for each in made if each.reason))
        raise CatsError(f"nothing is learned: {'; '.join(reasons) or 'no pair has a score'}")
    return made


def require_families(teachers: Sequence[Pool], least: int = LEAST) -> None:
    """Raises CatsError if so few families teach that no pool whatever can be ordered."""
    held = len({pool.family for pool in _that_teach(teachers)})
    if held < least:
        families = how_many(held, "family", "families")
        raise CatsError(
            f"nothing is learned: {NAME} rests on {families} of targets with results and scores, and needs {least} beside the "
            "target's own"
        )


def _that_teach(pools: Sequence[Pool]) -> list[Pool]:
    return [pool for pool in pools if pool.scores and pool.truth is not None and np.isfinite(pool.truth).any()]


def rows_of(made: Sequence[Ordered], *, prediction: bool) -> list[PairScore]:
    """The predicted places as scores of a measure `learned`.

    prediction: whether the interval is that of the place itself, for readers of a table; else it holds what the intervals of
    the measures say alone, for a judgement that sees the truth.
    """
    rows = []
    for each in made:
        pool = each.pool
        half = np.full(len(pool.sources), each.wrong) if prediction else 1.96 * each.errors
        for source, value, width in zip(pool.sources, each.values.tolist(), half.tolist(), strict=True):
            if each.reason is not None:
                rows.append(PairScore(pool.target, source, pool.backbone, NAME, None, None, None, None, each.reason))
                continue
            low, high = (value - width, value + width) if width > 0 else (None, None)
            rows.append(PairScore(pool.target, source, pool.backbone, NAME, value, low, high, None, None))
    return rows


def _ordered(pool: Pool, teachers: Sequence[Pool], least: int) -> Ordered:
    families = list(dict.fromkeys(other.family for other in teachers))
    nothing = np.full(len(pool.sources), np.nan)
    targets = len({other.target for other in teachers})
    if len(families) < least:
        held = how_many(len(families), "family of other targets", "families of other targets")
        why = f"{NAME} rests on {held} with results and scores, and needs {least}"
        return Ordered(pool, nothing, nothing, reason=why, targets=targets, families=len(families))
    names = _inputs(pool, teachers)
    if not names:
        why = f"{NAME} needs a measure that scores this target and {SHARE:.0%} of the sources of the targets that teach"
        return Ordered(pool, nothing, nothing, reason=why, targets=targets, families=len(families))
    penalty, residuals = _penalty(teachers, names)
    weights = _fit(teachers, names, [penalty])[0]
    columns = _columns(pool, teachers, names)
    two_sides, one_side = (float(stats.t.ppf(part, len(families) - 1)) for part in (0.975, 0.95))
    single = [np.mean(part**2) for group in residuals for part in group]
    pairs = [np.mean((part[:, None] - part)[~np.eye(len(part), dtype=bool)] ** 2) for group in residuals for part in group]
    return Ordered(
        pool, np.nan_to_num(columns) @ weights, _errors(pool, teachers, names, weights),
        wrong=two_sides * float(np.sqrt(np.mean(single))), apart=one_side * float(np.sqrt(np.mean(pairs))),
        weights=dict(zip([*names, ELSEWHERE], weights.tolist(), strict=True)),
        missing=float(np.isnan(columns).mean()), targets=targets, families=len(families),
    )  # fmt: skip


def _inputs(pool: Pool, teachers: Sequence[Pool]) -> list[str]:
    """The measures that order sources of the pool, and SHARE of the sources that teach."""
    total = sum(len(other.sources) for other in teachers)
    held: dict[str, int] = {}
    for other in teachers:
        for name, placed in other.placed.items():
            held[name] = held.get(name, 0) + int(np.isfinite(placed).sum())
    return [
        name for name in sorted(pool.scores)
        if held.get(name, 0) >= SHARE * total and np.isfinite(pool.placed[name]).any()
    ]  # fmt: skip


def _columns(pool: Pool, teachers: Sequence[Pool], names: Sequence[str], drawn: np.ndarray | None = None) -> np.ndarray:
    """(n, inputs) or, with scores drawn for each input, (draws, n, inputs): places by the measures, and the place elsewhere.

    The place elsewhere is the mean over those of `teachers` that are not of the pool's family.
    """
    nothing = np.full(len(pool.sources), np.nan)
    placed = np.array([pool.placed.get(name, nothing) for name in names]) if drawn is None else places(drawn)
    total: dict[str, float] = {}
    count: dict[str, int] = {}
    for other in teachers:
        if other.family != pool.family and other.truth is not None:
            for source, place in zip(other.sources, other.truth.tolist(), strict=True):
                if not math.isnan(place):
                    total[source], count[source] = total.get(source, 0.0) + place, count.get(source, 0) + 1
    elsewhere = np.array([total[source] / count[source] if source in count else np.nan for source in pool.sources])
    by_measure = np.moveaxis(placed, -2, -1)
    return np.concatenate([by_measure, np.broadcast_to(elsewhere[:, None], (*by_measure.shape[:-1], 1))], axis=-1)


def _fit(teachers: Sequence[Pool], names: Sequence[str], penalties: Sequence[float]) -> np.ndarray:
    """(penalties, inputs) weights of ridge regressions without an intercept, in which every family counts the same.

    They are those of scikit-learn's Ridge (a test compares them); one decomposition serves all penalties.
    """
    sizes: dict[str, int] = {}
    for pool in teachers:
        sizes[pool.family] = sizes.get(pool.family, 0) + len(pool.sources)
    inputs = np.nan_to_num(np.concatenate([_columns(pool, teachers, names) for pool in teachers]))
    truth = np.concatenate([_known(pool) for pool in teachers])
    weighted = inputs.T * np.concatenate([np.full(len(pool.sources), 1 / sizes[pool.family]) for pool in teachers])
    values, vectors = np.linalg.eigh(weighted @ inputs)
    along = vectors.T @ (weighted @ truth)
    return np.array([vectors @ (along / (np.maximum(values, 0) + penalty)) for penalty in penalties])


def _penalty(teachers: Sequence[Pool], names: Sequence[str]) -> tuple[float, list[list[np.ndarray]]]:
    """The penalty that predicts families best which were left out, and what it is wrong by on the pools of each family."""
    wrong: list[list[np.ndarray]] = []  # for each family, for each of its pools: (n, penalties)
    for family in dict.fromkeys(pool.family for pool in teachers):
        rest = [pool for pool in teachers if pool.family != family]
        weights = _fit(rest, names, PENALTIES).T
        left = [pool for pool in teachers if pool.family == family]
        wrong.append([_known(pool)[:, None] - np.nan_to_num(_columns(pool, rest, names)) @ weights for pool in left])
    losses = np.mean([np.mean(np.concatenate(group) ** 2, axis=0) for group in wrong], axis=0)
    best = int(np.argmin(losses))
    return PENALTIES[best], [[part[:, best] for part in group] for group in wrong]


def _known(pool: Pool) -> np.ndarray:
    return np.asarray(np.nan_to_num(np.asarray(pool.truth, dtype=float)))


def _errors(pool: Pool, teachers: Sequence[Pool], names: Sequence[str], weights: np.ndarray) -> np.ndarray:
    """(n,) standard errors of the predictions, from scores that are drawn inside their intervals."""
    rng = np.random.default_rng(zlib.crc32(f"{NAME}/{pool.target}/{pool.backbone}".encode()))
    scores = np.array([pool.scores[name] for name in names])
    errors = np.array([pool.errors[name] for name in names])
    drawn = scores + errors * rng.standard_normal((DRAWS, *scores.shape))
    return np.asarray((np.nan_to_num(_columns(pool, teachers, names, drawn)) @ weights).std(axis=0))
