"""Sources over targets: mean ranks and means of the metric, their intervals, and the best source. Arrays in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.statistics.bounded import mean_interval
from results.statistics.distributions import normal_quantile, row_ranks, t_quantile
from results.statistics.intervals import DRAWS, TargetResults, intervals
from results.statistics.rank_tests import critical_difference

LENT = 4  # at most so many degrees of freedom does each source borrow from all for the variance of its mean rank
LOUD = 4  # exponent: the more a source varies than the others, the fewer degrees of freedom it borrows
WHOLE = 1 / 6  # sum of squares that three equal ranks may hide, because ranks are whole numbers: two roundings

Ends = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean, low, high; each (S,)


@dataclass(frozen=True)
class _Spread:
    """How ranks (T, S) vary over targets; of each source, (S,).

    Attributes:
        gaps: (T, S) rank minus mean rank. lent: borrowed degrees of freedom.
        squares: moderated sum of squares. half: half width of the interval.
    """

    gaps: np.ndarray
    lent: float
    squares: np.ndarray
    half: np.ndarray


def mean_ranks(means: np.ndarray, variances: np.ndarray | None = None, level: float = 0.95) -> Ends:
    """Mean rank of each source over targets, with an interval over targets: what other targets of the kind would say.

    means: (T, S), higher is better. Ranks are taken inside each target; equal means share a rank. The spread over targets
    holds the sampling error of seeds and images already, but a few targets agree by chance, so that Student's t over them alone
    covers too little. Therefore the variance of each source is moderated by that of all sources (Smyth, Statistical
    Applications in Genetics and Molecular Biology 3, 2004), but never made smaller, and the more a source varies beyond the
    others, the fewer degrees of freedom it borrows. The interval is never narrower than that of `variances` (T, S) of the
    ranks inside targets (Ranks.variance). See docs/statistics.md for simulated coverage: it is close to 95 %, and lower for a
    source that varies much more than the others on few targets.

    Returns mean, low, high, each (S,); low and high are NaN with one target.
    """
    ranks = row_ranks(-means)
    point, sources = ranks.mean(axis=0), ranks.shape[1]
    if len(ranks) < 2:
        nothing = np.full(sources, np.nan)
        return point, nothing, nothing
    half = _spread(ranks, variances, level).half
    return point, np.maximum(1, point - half), np.minimum(sources, point + half)


def _spread(ranks: np.ndarray, variances: np.ndarray | None, level: float = 0.95) -> _Spread:
    (count, sources), own = ranks.shape, len(ranks) - 1
    gaps = ranks - ranks.mean(axis=0)
    squares = (gaps**2).sum(axis=0)
    lent = min(LENT, max(sources - 2, 0) * own)  # two sources mirror each other: neither tells more of the other
    mean = squares.mean()
    moderated = (squares + lent * mean / own + WHOLE) / (own + lent)
    loud = np.maximum(squares, mean) / max(mean, 1e-12)
    half = t_quantile(0.5 + level / 2, own + lent / np.maximum(loud, 1) ** LOUD)
    half = half * np.sqrt(np.maximum(squares / own, moderated) / count)
    if variances is not None:
        half = np.maximum(half, normal_quantile(0.5 + level / 2) * np.sqrt(variances.mean(axis=0) / count))
    return _Spread(gaps, lent, moderated * (own + lent), half)


def best_chances(means: np.ndarray, variances: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """(S,) probability of each source to have the lowest mean rank on a new sample of targets; needs two targets.

    From DRAWS draws: the rank gaps of the targets with random weights, so that sources stay correlated, plus the borrowed
    variance of mean_ranks, times one Student's t for all, scaled so that 95 % of a source's draws lie in its interval.
    """
    ranks = row_ranks(-means)
    (count, sources), spread = ranks.shape, _spread(ranks, variances)
    own = count - 1
    drawn = rng.standard_normal((DRAWS, count)) @ spread.gaps
    alone = rng.standard_normal((DRAWS, sources))
    rest = spread.squares - (spread.gaps**2).sum(
        axis=0
    )  # equal for all sources, because the ranks of a target have a constant sum
    drawn += (alone - alone.mean(axis=1, keepdims=True)) * np.sqrt(rest * sources / max(sources - 1, 1))
    freedom = own + spread.lent
    heavy = np.sqrt(rng.chisquare(freedom, DRAWS) / freedom)
    unit = drawn / np.sqrt(spread.squares) / heavy[:, None]
    first = (ranks.mean(axis=0) + unit * spread.half / t_quantile(0.975, freedom)).argmin(axis=1)
    return np.bincount(first, minlength=sources) / DRAWS


def rank_ties(ranks: np.ndarray, targets: int) -> list[int]:
    """Tie groups of ascending mean ranks (S,): group 1 cannot be told apart from the first, group 2 from the first of the rest.

    By Nemenyi's critical difference, 95 % for all pairs. A paired t of ranks would tell equal sources apart too often, and
    signed ranks with Holm's correction tell nothing apart below six targets. See docs/statistics.md.
    """
    cd = critical_difference(len(ranks), targets) * (1 + 1e-12) if len(ranks) > 1 else 0.0
    groups, leader = [1], ranks[0]
    for rank in ranks[1:]:
        far = rank - leader > cd
        leader = rank if far else leader
        groups.append(groups[-1] + int(far))
    return groups


def mean_values(measured: Sequence[TargetResults], bounds: tuple[float, float]) -> Ends:
    """Mean of the metric of each source over targets, each (S,), with its interval over targets inside the metric's bounds.

    Student's t over targets on the scale of bounded.bounded_interval; never narrower than the sampling error of seeds and
    images inside them, as far as it is known. With one target that sampling error alone, and NaN if it is not known. AUCs of
    targets are skewed; see docs/statistics.md for simulated coverage.
    """
    means, count = np.stack([results.means for results in measured]), len(measured)
    if count < 2:
        return means[0], *intervals(measured[0], bounds)
    variances = np.stack([np.nan_to_num(results.seeds[0]) + np.diag(results.shared) for results in measured])
    low, high = mean_interval(means, bounds, np.sqrt(variances.sum(axis=0)) / count)
    return means.mean(axis=0), low, high
