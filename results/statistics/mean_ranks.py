"""Sources over targets: mean ranks and means of the metric, how sure they are, and who is the best. Arrays in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from results.statistics.intervals import DRAWS, Measured, intervals
from results.statistics.rank_tests import critical_difference

LENT = 4  # degrees of freedom that all sources together lend each in the variance of its mean rank, at most
LOUD = 4  # power of how much more a source varies than the others, by which they lend it less
WHOLE = 1 / 6  # sum of squares that three ranks alike may hide because ranks are whole: two roundings

Ends = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean, low, high; each (S,)


@dataclass(frozen=True)
class _Spread:
    """How ranks (T, S) vary over targets; of each source, (S,).

    Attributes:
        gaps: (T, S) from the mean rank. lent: degrees of freedom. squares: their sum, as moderated. half: of the interval.
    """

    gaps: np.ndarray
    lent: float
    squares: np.ndarray
    half: np.ndarray


def mean_ranks(means: np.ndarray, variances: np.ndarray | None = None, level: float = 0.95) -> Ends:
    """Mean rank of each source over targets, with an interval over targets: what other targets of the kind would say.

    means: (T, S), higher is better. Ranks are taken inside each target; equal means share a rank. The spread over targets
    holds the luck of seeds and images already, but three targets agree by chance: Student's t over them alone covers 69 to
    91 %. So the variance of each source is moderated by that of all of them (Smyth, Statistical Applications in Genetics and
    Molecular Biology 3, 2004), but never made smaller, and the more a source varies beyond the others, the fewer degrees of
    freedom they lend it. The interval is never narrower than what `variances` (T, S) of the ranks inside targets leave
    certain (Ranks.variance).

    In 1,000 simulated boards each it covers 96 to 97 % of three to fifteen sources on three to twelve targets; 93 to 94 with
    next to no noise, 98 where sources lie far apart, 96 to 99 of two sources. A source that varies over targets four times as
    much as the others is covered in 93 to 94 % on twelve targets, 88 to 91 on five and only 80 to 85 on three, where Student's
    t over its own ranks alone holds 78 to 84: three whole ranks do not show how much it varies.
    Returns mean, low, high, each (S,); low and high are NaN with one target.
    """
    ranks = stats.rankdata(-means, axis=1)
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
    half = stats.t.ppf(0.5 + level / 2, own + lent / np.maximum(loud, 1) ** LOUD)
    half = half * np.sqrt(np.maximum(squares / own, moderated) / count)
    if variances is not None:
        half = np.maximum(half, stats.norm.ppf(0.5 + level / 2) * np.sqrt(variances.mean(axis=0) / count))
    return _Spread(gaps, lent, moderated * (own + lent), half)


def best_chances(means: np.ndarray, variances: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """(S,) chance of each source to have the lowest mean rank over all targets of the kind; needs two targets.

    From DRAWS draws: the rank gaps of the targets weighted at random, so that sources move together as they did, and what
    mean_ranks lends each, by one Student's t for all, so stretched that 95 % of a source's draws lie in its interval.
    """
    ranks = stats.rankdata(-means, axis=1)
    (count, sources), spread = ranks.shape, _spread(ranks, variances)
    own = count - 1
    drawn = rng.standard_normal((DRAWS, count)) @ spread.gaps
    alone = rng.standard_normal((DRAWS, sources))
    rest = spread.squares - (spread.gaps**2).sum(axis=0)  # the same for all: ranks of a target sum to the same
    drawn += (alone - alone.mean(axis=1, keepdims=True)) * np.sqrt(rest * sources / max(sources - 1, 1))
    freedom = own + spread.lent
    heavy = np.sqrt(rng.chisquare(freedom, DRAWS) / freedom)
    unit = drawn / np.sqrt(spread.squares) / heavy[:, None]
    first = (ranks.mean(axis=0) + unit * spread.half / stats.t.ppf(0.975, freedom)).argmin(axis=1)
    return np.bincount(first, minlength=sources) / DRAWS


def rank_ties(ranks: np.ndarray, targets: int) -> list[int]:
    """Tie groups of ascending mean ranks (S,): 1 cannot be told from the first, 2 not from the first of the rest.

    By Nemenyi's critical difference, 95 % for all pairs. Of equal sources it tells one from the first in 0 to 7 % of simulated
    boards, one that varies four times as much among them or not, where a paired t of ranks does in 5 to 25 and signed ranks
    with Holm tell nothing below six targets.
    """
    cd = critical_difference(len(ranks), targets) * (1 + 1e-12) if len(ranks) > 1 else 0.0
    groups, leader = [1], ranks[0]
    for rank in ranks[1:]:
        far = rank - leader > cd
        leader = rank if far else leader
        groups.append(groups[-1] + int(far))
    return groups


def mean_values(measured: Sequence[Measured], bounds: tuple[float, float]) -> Ends:
    """Mean of the metric of each source over targets, each (S,), with its interval over targets, cut at the metric's bounds.

    Student's t over targets; never narrower than the luck of seeds and images inside them, as far as it is known. Of one
    target that luck alone, and NaN where there is none. AUCs of targets are skewed: in 1,500 simulated boards of three, five
    and twelve targets it covers 88 to 90 %. Johnson's t, as judge.mean_interval has it, gained three points by reaching far
    below chance.
    """
    means, count = np.stack([found.means for found in measured]), len(measured)
    point = means.mean(axis=0)
    if count < 2:
        return point, *intervals(measured[0], bounds)
    variances = np.stack([np.nan_to_num(found.seeds[0]) + np.diag(found.shared) for found in measured])
    half = np.maximum(
        stats.t.ppf(0.975, count - 1) * stats.sem(means), stats.norm.ppf(0.975) * np.sqrt(variances.sum(axis=0)) / count
    )
    return point, np.maximum(bounds[0], point - half), np.minimum(bounds[1], point + half)
