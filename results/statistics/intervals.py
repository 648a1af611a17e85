"""Statistics of a board: intervals, tie groups, ranks. Arrays in, arrays out; no MLflow, no names.

The sampling error has two parts: seeds (training images, head, order of batches) and the test images, which all cells of a
target share. Resampling a handful of seeds would understate their variance by (n - 1) / n, and a normal quantile by more, so a
draw moves a mean by its standard error times Student's t, whose quantiles are exactly the t interval. Test images are drawn by
a Bayesian bootstrap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from results.statistics.bounded import bounded_interval
from results.statistics.distributions import row_ranks, t_quantile
from results.statistics.studentized_range import tail

DRAWS = 1000
GRAIN = 4096  # size of the table of quantiles from which Student's t is drawn, ten times faster than drawing it directly
NOTHING = 1e-18  # smaller variances are rounding errors
SINGLE = 1e30  # of figures; larger ones are drawn in double precision, because single precision ends at 1e38
CHUNK = 50  # draws of test images at a time: the weights of all draws would fill the memory


@dataclass(frozen=True)
class TargetResults:
    """What was measured of S sources on one target.

    Attributes:
        values: (n_s,) for each source: the metric of every seed, oriented so that higher is better.
        images: (G, S) share of each patient or test image in the mean of each source (influence.patient_shares), or None.
        noise: difference of two sources that is stated to be noise; it replaces the variance of a single seed. 0: none.
    """

    values: Sequence[np.ndarray]
    images: np.ndarray | None = None
    noise: float = 0.0

    @cached_property
    def means(self) -> np.ndarray:
        """(S,)."""
        return np.array([v.mean() for v in self.values])

    @cached_property
    def seeds(self) -> tuple[np.ndarray, np.ndarray]:
        """Variance of each mean from the seeds, (S,), NaN where it is unknown; and its degrees of freedom, (S,).

        A stated noise is the 95 % point of the difference of two equal sources, so 1.96² · 2 variances are noise².
        """
        stated = (self.noise / 1.96) ** 2 / 2 if self.noise else np.nan
        counts = np.array([len(v) for v in self.values])
        variance = np.full(len(counts), stated)
        for count in np.unique(counts[counts > 1]):
            own = np.flatnonzero(counts == count)
            values = np.array([self.values[i] for i in own.tolist()])
            # Equal values have a variance of rounding errors, not of zero.
            variance[own] = np.where(np.ptp(values, axis=1) == 0, 0.0, values.var(axis=1, ddof=1) / count)
        return variance, np.where(counts > 1, counts - 1.0, np.inf)

    @cached_property
    def shared(self) -> np.ndarray:
        """(S, S) covariance of the means from the test images; zeros if it is not known."""
        count = len(self.values)
        return np.zeros((count, count)) if self.images is None else self.images.T @ self.images

    @property
    def freedom(self) -> float:
        """Degrees of freedom of `shared`."""
        return np.inf if self.images is None else float(max(len(self.images) - 1, 1))

    @property
    def drawable(self) -> bool:
        """Whether ranks can be drawn: the variance of every source is known, and not all are zero."""
        variance = self.seeds[0] + np.diag(self.shared)
        return bool(np.isfinite(variance).all() and (variance > 0).any())


def intervals(measured: TargetResults, bounds: tuple[float, float], level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Student's t interval of each mean, (S,) and (S,), cut at the metric's bounds: seeds and test images, Welch-Satterthwaite.

    With one seed and predictions it holds the test images alone, on the scale of bounded.bounded_interval: the figure of one
    network, which `cats choose`, `cats predict` and model cards show with the same interval.

    Never narrower than the interval of the seeds alone: Satterthwaite's degrees of freedom may make it shrink when images are
    added, and it would then cover less than 95 % (see docs/statistics.md). NaN where the variance is not known, or nothing
    varies (a deterministic protocol without predictions).
    """
    variance, freedom = measured.seeds
    parts = np.stack([np.nan_to_num(variance), np.diag(measured.shared)])
    frees = np.stack([freedom, np.full(len(freedom), measured.freedom)])
    known = parts.sum(axis=0) > 0
    half = np.full(len(freedom), np.nan)
    scales = standard_errors(parts[:, known], frees[:, known])
    half[known] = np.max([t_quantile(0.5 + level / 2, free) * error for error, free in scales], axis=0)
    low, high = np.maximum(bounds[0], measured.means - half), np.minimum(bounds[1], measured.means + half)
    alone = known & np.isnan(variance)  # one seed, and no noise is stated
    low[alone], high[alone] = bounded_interval(measured.means[alone], half[alone], bounds)
    return low, high


def standard_errors(parts: np.ndarray, frees: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(standard error, degrees of freedom) of each mean from seeds and images together, and from the seeds alone.

    parts: (2, S) variances of seeds and images; frees: their degrees of freedom. A statement about a mean must hold by both.
    """
    with np.errstate(divide="ignore"):  # no variance: infinite degrees of freedom
        together = 1 / ((parts**2 / frees).sum(axis=0) / parts.sum(axis=0) ** 2)
    return [(np.sqrt(parts.sum(axis=0)), together), (np.sqrt(parts[0]), frees[0])]


def tie_groups(measured: TargetResults, order: Sequence[int], level: float = 0.95) -> list[int]:
    """Tie group of each source of `order`, best first: group 1 cannot be told apart from the first source.

    Group 2 cannot be told apart from the first of the rest, and so on. The test is Games-Howell's (unequal variances, all pairs
    at once, family-wise at 1 - level), with the shared test images in the variance of each difference. With one seed, or no
    variance at all, no sources are told apart, unless a noise is stated: then a difference has to be larger than the noise, and
    significant by test images and seeds where their variance is known.
    """
    group = dict.fromkeys(order, 0)
    leaders = 0
    while not all(group.values()):
        rest = [i for i in order if not group[i]]
        leaders += 1
        group[rest[0]] = leaders
        apart = _told_apart(measured, rest[0], np.array(rest[1:], dtype=int), 1 - level)
        for other, is_apart in zip(rest[1:], apart, strict=True):
            if not is_apart:
                group[other] = leaders
    return [group[i] for i in order]


def standard_errors_behind(measured: TargetResults) -> np.ndarray:
    """(S,) distance of each mean from the best one, in standard errors of their difference; NaN where these are unknown.

    By seeds and shared test images; of one seed by the test images alone, or by a stated noise. 0 for the best.
    """
    best, seeds, shared = int(measured.means.argmax()), np.nan_to_num(measured.seeds[0]), measured.shared
    variance = seeds[best] + seeds + shared[best, best] + np.diag(shared) - 2 * shared[best]
    gap, known = measured.means[best] - measured.means, variance > NOTHING
    behind = np.full(len(gap), np.nan)
    behind[known] = gap[known] / np.sqrt(variance[known])
    if known.sum() >= len(gap) - 1:
        behind[best] = 0.0
    return behind


def _told_apart(measured: TargetResults, leader: int, others: np.ndarray, alpha: float) -> np.ndarray:
    """(O,) whether each of the others differs from the leader, by seeds and images, and by seeds alone (see `intervals`)."""
    several = np.array([len(v) > 1 for v in measured.values])
    # With one seed the stated noise replaces the variance of seeds, so no variance is added.
    variance = np.where(several, measured.seeds[0], 0.0 if measured.noise else np.nan)
    freedom, shared, count = measured.seeds[1], measured.shared, len(measured.values)
    far = np.abs(measured.means[leader] - measured.means[others])
    seeds = np.stack([np.full(len(others), variance[leader]), variance[others]])
    frees = np.stack([np.full(len(others), freedom[leader]), freedom[others]])
    images = shared[leader, leader] + shared[others, others] - 2 * shared[leader, others]
    both = np.vstack([seeds, images]), np.vstack([frees, np.full(len(others), measured.freedom)])
    apart = _significant(far, *both, count, alpha)
    some = apart & (seeds.sum(axis=0) > NOTHING) & (images != 0)  # without images this is the test above
    apart[some] &= _significant(far[some], seeds[:, some], frees[:, some], count, alpha)
    if not measured.noise:
        return apart
    still = both[0].sum(axis=0) <= NOTHING  # nothing varies: the stated noise decides alone
    return np.asarray((apart | still) & (far > measured.noise * (1 + 1e-9)))


def _significant(far: np.ndarray, parts: np.ndarray, frees: np.ndarray, count: int, alpha: float) -> np.ndarray:
    """(P,) whether differences (P,) with variances (K, P) of (K, P) degrees of freedom are significant."""
    variance, significant = parts.sum(axis=0), np.zeros(len(far), dtype=bool)
    able = variance > NOTHING  # NaN, an unknown variance, is not
    v = variance[able]
    freedom = v**2 / np.maximum((parts[:, able] ** 2 / frees[:, able]).sum(axis=0), v**2 * 1e-9)
    if able.any():
        significant[able] = tail(far[able] * np.sqrt(2 / v), count, freedom) < alpha
    return significant


def draw_means(measured: TargetResults, rng: np.random.Generator, count: int = DRAWS) -> np.ndarray:
    """(count, S) random draws of the means, as other seeds and other test images would give them.

    Seeds whose variance is unknown move no mean; `TargetResults.drawable` says whether there are such seeds.
    """
    variance, freedom = np.nan_to_num(measured.seeds[0]), measured.seeds[1]
    moved = [] if measured.images is None else [float(np.abs(measured.images).max(initial=0))]
    largest = max([float(np.abs(measured.means).max(initial=0)), float(np.sqrt(variance.max(initial=0))), *moved])
    kind = np.float32 if largest < SINGLE else np.float64
    drawn = np.empty((count, len(variance)), dtype=kind)
    for free in np.unique(freedom):
        own = np.flatnonzero(freedom == free)
        table = _quantiles(float(free), kind)
        chosen = rng.integers(GRAIN, size=(count, len(own)), dtype=np.uint16)
        drawn[:, own] = table[chosen] * np.sqrt(variance[own]).astype(kind)
    drawn += measured.means.astype(kind)
    if measured.images is not None:
        images = measured.images.astype(kind)
        for start in range(0, count, CHUNK):
            part = drawn[start : start + CHUNK]
            weights = rng.standard_exponential((len(part), len(images)), dtype=np.float32)  # Rubin's Bayesian bootstrap
            part += (weights / weights.mean(axis=1, keepdims=True) - 1) @ images
    return drawn


@lru_cache(maxsize=64)
def _quantiles(freedom: float, kind: type[np.floating]) -> np.ndarray:
    """(GRAIN,) quantiles of Student's t; the targets of a board have few numbers of seeds. Nobody may write into it."""
    table = np.asarray(t_quantile((np.arange(GRAIN) + 0.5) / GRAIN, freedom).astype(kind))
    table.flags.writeable = False
    return table


@dataclass(frozen=True)
class Ranks:
    """Ranks in the draws of one target, each (S,): 95 % interval, probability of being the best, variance."""

    low: np.ndarray
    high: np.ndarray
    best: np.ndarray
    variance: np.ndarray


def rank_draws(drawn: np.ndarray, level: float = 0.95) -> Ranks:
    """Ranks in (B, S) draws; 1 is best, equal means share a rank and the probability of being the best.

    Percentiles of draws count the sampling error twice, which makes them wide, and pull close sources apart, which makes them
    narrow: the interval covers less than 95 % where sources are much closer than their seeds, and those share a tie group
    anyway. See docs/statistics.md for simulated coverage.
    """
    order = np.argsort(-drawn, axis=1)
    ordered = -np.sort(-drawn, axis=1)  # faster than taking along `order`
    ranks = np.empty(drawn.shape, dtype=np.float32)
    np.put_along_axis(ranks, order, np.arange(1, drawn.shape[1] + 1, dtype=np.float32)[None], axis=1)
    equal = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    ranks[equal] = row_ranks(-drawn[equal])
    first = drawn[equal] == ordered[equal, :1]
    best = np.bincount(order[~equal, 0], minlength=drawn.shape[1]) + (first / first.sum(axis=1, keepdims=True)).sum(axis=0)
    # The inverted distribution function, as np.quantile has it; rows of memory sort many times faster than columns.
    by_source = np.sort(np.ascontiguousarray(ranks.T), axis=1)
    low, high = (by_source[:, max(int(np.ceil(len(drawn) * tail)) - 1, 0)] for tail in ((1 - level) / 2, (1 + level) / 2))
    return Ranks(low, high, best / len(drawn), ranks.var(axis=0))
