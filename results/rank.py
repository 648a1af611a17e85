"""Statistics of a board: intervals, tie groups and mean ranks. Arrays in, arrays out; no MLflow, no names."""

import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

DRAWS = 1000


def interval(values: np.ndarray, bounds: tuple[float, float], level: float = 0.95) -> tuple[float, float] | None:
    """Student's t interval of the mean of (n,) values, cut at the metric's bounds.

    None where nothing can be said: fewer than two values, or all values equal (a deterministic protocol, whose seeds
    carry no information).
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return max(bounds[0], float(values.mean() - half)), min(bounds[1], float(values.mean() + half))


def tie_groups(samples: Sequence[np.ndarray], level: float = 0.95) -> list[int]:
    """Tie group of each sample, best first: 1 is whatever cannot be told from the first one, 2 from the first of the rest ...

    Games-Howell (unequal variances, all pairs at once, family-wise at 1 - level). Samples of one value, and pairs whose
    values do not vary at all, cannot be told from anything.
    """
    told_apart = np.zeros((len(samples), len(samples)), dtype=bool)
    able = [i for i, sample in enumerate(samples) if len(sample) > 1]
    if len(able) > 1:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            tested = stats.tukey_hsd(*(samples[i] for i in able), equal_var=False).pvalue
        told_apart[np.ix_(able, able)] = np.nan_to_num(tested, nan=1.0) < 1 - level
    group = [0] * len(samples)
    leaders: list[int] = []
    for i in range(len(samples)):
        tied = next((n for n, leader in enumerate(leaders, 1) if not told_apart[leader, i]), None)
        if tied is None:
            leaders.append(i)
            tied = len(leaders)
        group[i] = tied
    return group


def mean_ranks(
    values: Sequence[Sequence[np.ndarray]], luck: np.random.Generator, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean rank of each source over targets, with a two-level bootstrap interval: targets first, then seeds.

    values[t][s]: (n,) oriented so that higher is better. Ranks are taken inside each target; equal means share a rank.
    Returns mean, low, high, each (S,). With one target the interval holds the luck of the seeds alone.
    """
    means = np.array([[v.mean() for v in row] for row in values])
    point = stats.rankdata(-means, axis=1).mean(axis=0)
    drawn = np.empty((DRAWS, *means.shape))
    for t, row in enumerate(values):
        for s, v in enumerate(row):
            drawn[:, t, s] = v[luck.integers(len(v), size=(DRAWS, len(v)))].mean(axis=1)
    ranks = stats.rankdata(-drawn, axis=2)
    chosen = luck.integers(len(values), size=(DRAWS, len(values)))
    resampled = ranks[np.arange(DRAWS)[:, None], chosen].mean(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, (tail, 1 - tail), axis=0)
    return point, low, high
