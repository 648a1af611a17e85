"""Statistics of a board: intervals, tie groups, ranks. Arrays in, arrays out; no MLflow, no names.

Two sources of luck: seeds (training images, head, order of batches) and the test images, which all cells of a target share.
A handful of seeds resampled would understate their noise by (n - 1) / n and a normal quantile by more, so a draw moves a mean
by its standard error times Student's t, whose quantiles are exactly the t interval; the test images are resampled as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from results.statistics.studentized_range import tail

DRAWS = 1000
GRAIN = 4096  # quantiles from which Student's t is drawn: a table is ten times faster than drawing it
NOTHING = 1e-18  # variances below are errors of rounding
CHUNK = 50  # draws of test images at a time: their weights fill memory otherwise


@dataclass(frozen=True)
class Measured:
    """What is known of the sources on one target.

    Attributes:
        values: (n_s,) for each source: the metric of every seed, oriented so that higher is better.
        images: (G, S) share of each patient or test image in the mean of each source (influence.patient_shares), or None.
        noise: difference of two sources that is stated to be noise; it stands in for the seeds where there is one. 0: none.
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
        """(S, S) covariance of the means from the test images, zero where nothing is known of them."""
        count = len(self.values)
        return np.zeros((count, count)) if self.images is None else self.images.T @ self.images

    @property
    def freedom(self) -> float:
        """Degrees of freedom of `shared`."""
        return np.inf if self.images is None else float(max(len(self.images) - 1, 1))

    @property
    def drawable(self) -> bool:
        """Whether ranks can be drawn: the noise of every source is known, and there is some."""
        variance = self.seeds[0] + np.diag(self.shared)
        return bool(np.isfinite(variance).all() and (variance > 0).any())


def intervals(measured: Measured, bounds: tuple[float, float], level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Student's t interval of each mean, (S,) and (S,), cut at the metric's bounds: seeds and test images, Welch-Satterthwaite.

    Never narrower than the seeds alone make it: Satterthwaite's degrees of freedom may let it shrink when images are added,
    and with three seeds it then covers 92 % where the larger of both covers 95.
    NaN where nothing is known of the noise, or nothing varies (a deterministic protocol without predictions). Of one seed
    with predictions it holds the sampling error of the test images alone.
    """
    variance, freedom = measured.seeds
    parts = np.stack([np.nan_to_num(variance), np.diag(measured.shared)])
    frees = np.stack([freedom, np.full(len(freedom), measured.freedom)])
    known = parts.sum(axis=0) > 0
    half = np.full(len(freedom), np.nan)
    scales = errors(parts[:, known], frees[:, known])
    half[known] = np.max([stats.t.ppf(0.5 + level / 2, free) * error for error, free in scales], axis=0)
    return np.maximum(bounds[0], measured.means - half), np.minimum(bounds[1], measured.means + half)


def errors(parts: np.ndarray, frees: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Standard errors and degrees of freedom of variances (2, S) of seeds and of images together, and of the seeds alone.

    What is said of a mean has to hold by both.
    """
    with np.errstate(divide="ignore"):  # all certain: infinite degrees of freedom
        together = 1 / ((parts**2 / frees).sum(axis=0) / parts.sum(axis=0) ** 2)
    return [(np.sqrt(parts.sum(axis=0)), together), (np.sqrt(parts[0]), frees[0])]


def tie_groups(measured: Measured, order: Sequence[int], level: float = 0.95) -> list[int]:
    """Tie group of each source of `order`, best first: 1 cannot be told from the first one, 2 from the first of the rest.

    Games-Howell (unequal variances, all pairs at once, family-wise at 1 - level), the shared test images in the variance of
    each difference. One seed, or no variation at all, tells nothing apart, unless a noise is stated: then a difference has to
    be larger than it, and to outlive the test images and the seeds where these are known.
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


def _told_apart(measured: Measured, leader: int, others: np.ndarray, alpha: float) -> np.ndarray:
    """(O,) whether each of the others differs from the leader: by seeds and images, and, as in `interval`, by seeds alone."""
    several = np.array([len(v) > 1 for v in measured.values])
    # Of one seed the statement alone says what is noise, so nothing is added for it.
    variance = np.where(several, measured.seeds[0], 0.0 if measured.noise else np.nan)
    freedom, shared, count = measured.seeds[1], measured.shared, len(measured.values)
    far = np.abs(measured.means[leader] - measured.means[others])
    seeds = np.stack([np.full(len(others), variance[leader]), variance[others]])
    frees = np.stack([np.full(len(others), freedom[leader]), freedom[others]])
    images = shared[leader, leader] + shared[others, others] - 2 * shared[leader, others]
    both = np.vstack([seeds, images]), np.vstack([frees, np.full(len(others), measured.freedom)])
    apart = _significant(far, *both, count, alpha)
    some = apart & (seeds.sum(axis=0) > NOTHING) & (images != 0)  # without images it has been asked already
    apart[some] &= _significant(far[some], seeds[:, some], frees[:, some], count, alpha)
    if not measured.noise:
        return apart
    still = both[0].sum(axis=0) <= NOTHING  # nothing varies: what is stated decides alone
    return np.asarray((apart | still) & (far > measured.noise * (1 + 1e-9)))


def _significant(far: np.ndarray, parts: np.ndarray, frees: np.ndarray, count: int, alpha: float) -> np.ndarray:
    """(P,) whether differences (P,) with variances (K, P) of so many degrees of freedom (K, P) are not chance."""
    variance, found = parts.sum(axis=0), np.zeros(len(far), dtype=bool)
    able = variance > NOTHING  # NaN, an unknown variance, is not
    v = variance[able]
    freedom = v**2 / np.maximum((parts[:, able] ** 2 / frees[:, able]).sum(axis=0), v**2 * 1e-9)
    if able.any():
        found[able] = tail(far[able] * np.sqrt(2 / v), count, freedom) < alpha
    return found


def draws(measured: Measured, rng: np.random.Generator, count: int = DRAWS) -> np.ndarray:
    """(count, S) means as they might have come out with other seeds and other test images.

    Seeds of which nothing is known move nothing: `Measured.drawable` says whether there are any.
    """
    variance, freedom = np.nan_to_num(measured.seeds[0]), measured.seeds[1]
    found = np.empty((count, len(variance)), dtype=np.float32)
    for free in np.unique(freedom):
        own = np.flatnonzero(freedom == free)
        table = stats.t.ppf((np.arange(GRAIN) + 0.5) / GRAIN, free).astype(np.float32)
        chosen = rng.integers(GRAIN, size=(count, len(own)), dtype=np.uint16)
        found[:, own] = table[chosen] * np.sqrt(variance[own]).astype(np.float32)
    found += measured.means.astype(np.float32)
    if measured.images is not None:
        images = measured.images.astype(np.float32)
        for start in range(0, count, CHUNK):
            part = found[start : start + CHUNK]
            weights = rng.standard_exponential((len(part), len(images)), dtype=np.float32)  # Rubin's Bayesian bootstrap
            part += (weights / weights.mean(axis=1, keepdims=True) - 1) @ images
    return found


@dataclass(frozen=True)
class Ranks:
    """Of the draws of one target, each (S,): 95 % interval of the rank, chance to be the best, variance of the rank."""

    low: np.ndarray
    high: np.ndarray
    best: np.ndarray
    variance: np.ndarray


def ranked(drawn: np.ndarray, level: float = 0.95) -> Ranks:
    """How the ranks of (B, S) draws vary; 1 is best, equals share a rank and the chance to be the best.

    Percentiles of draws count the luck twice, which makes them wide, and pull close sources apart, which makes them narrow.
    With three seeds, simulated, they cover the true rank among 15 sources in 99, 97, 92 and 89 % where the sources lie 2.5, 1,
    1/4 and 1/40 as far apart as their seeds; among 5 in 99 % (ranks are whole). Close sources share a tie group anyway.
    """
    order = np.argsort(-drawn, axis=1)
    ordered = -np.sort(-drawn, axis=1)  # faster than taking along `order`
    ranks = np.empty(drawn.shape, dtype=np.float32)
    np.put_along_axis(ranks, order, np.arange(1, drawn.shape[1] + 1, dtype=np.float32)[None], axis=1)
    equal = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    ranks[equal] = stats.rankdata(-drawn[equal], axis=1)
    first = drawn[equal] == ordered[equal, :1]
    best = np.bincount(order[~equal, 0], minlength=drawn.shape[1]) + (first / first.sum(axis=1, keepdims=True)).sum(axis=0)
    # The inverted distribution function, as np.quantile has it; rows of memory sort many times faster than columns.
    by_source = np.sort(np.ascontiguousarray(ranks.T), axis=1)
    low, high = (by_source[:, max(int(np.ceil(len(drawn) * tail)) - 1, 0)] for tail in ((1 - level) / 2, (1 + level) / 2))
    return Ranks(low, high, best / len(drawn), ranks.var(axis=0))
