"""Whether sources differ over many targets, and which: Friedman, Nemenyi's critical difference, Wilcoxon with Holm.

Demšar, Statistical comparisons of classifiers over multiple data sets, Journal of Machine Learning Research 7, 2006; Benavoli,
Corani and Mangili, Should we really use post-hoc tests based on mean-ranks?, the same journal 17, 2016, for the last one.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from results.statistics.distributions import row_ranks
from results.statistics.multiple_testing import holm


@dataclass(frozen=True)
class Difference:
    """Tests of the differences of S sources on T targets.

    Attributes:
        sources: by mean rank, best first. mean_ranks: their mean ranks. targets: number of targets.
        friedman_p: p-value of equal sources; None with fewer than three sources or two targets, or if all values are equal.
        critical_difference: of two mean ranks (Nemenyi, 95 % for all pairs); None where friedman_p is None.
        cliques: longest sequences of sources within the critical difference, best first.
        told_apart: (better, worse, p) by Wilcoxon's signed ranks with Holm's correction, p below 5 %. This test of a pair does
            not depend on the values of the other sources.
    """

    sources: list[str]
    mean_ranks: list[float]
    targets: int
    friedman_p: float | None
    critical_difference: float | None
    cliques: list[list[str]]
    told_apart: list[tuple[str, str, float]]


def difference(sources: list[str], means: np.ndarray) -> Difference:
    """Test the differences of sources. means: (T, S), higher is better, every source on every target."""
    ranks = row_ranks(-means).mean(axis=0)
    order = sorted(range(len(sources)), key=lambda i: (ranks[i], sources[i]))
    p = friedman(means)
    cd = None if p is None else critical_difference(len(sources), len(means))
    names = [sources[i] for i in order]
    groups = [] if cd is None else [[names[i] for i in run] for run in cliques(ranks[order], cd)]
    return Difference(names, [float(ranks[i]) for i in order], len(means), p, cd, groups, _told_apart(sources, means))


def friedman(means: np.ndarray) -> float | None:
    """p-value of Friedman's test, corrected for equal values; None where it is not defined."""
    targets, sources = means.shape
    if sources < 3 or targets < 2 or (np.ptp(means, axis=1) == 0).all():
        return None
    from scipy.stats import friedmanchisquare  # here, because it loads slowly and not every board needs it

    return float(friedmanchisquare(*means.T).pvalue)


def critical_difference(sources: int, targets: int, level: float = 0.95) -> float:
    """The smallest significant difference of mean ranks: q / √2 · sqrt(k (k + 1) / (6 N)), q of the studentised range."""
    return float(_quantile(level, sources) / math.sqrt(2) * math.sqrt(sources * (sources + 1) / (6 * targets)))


@lru_cache(maxsize=256)
def _quantile(level: float, sources: int) -> float:
    """Of the studentised range with infinitely many degrees of freedom; scipy takes milliseconds for it."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(level, sources, np.inf))


def cliques(ranks: np.ndarray, cd: float) -> list[list[int]]:
    """Positions in (S,) ascending ranks: the longest sequences of at least two within `cd`, none inside another."""
    runs: list[list[int]] = []
    for start in range(len(ranks)):
        end = int(np.searchsorted(ranks, ranks[start] + cd * (1 + 1e-12), side="right"))
        if end - start > 1 and (not runs or end > runs[-1][-1] + 1):
            runs.append(list(range(start, end)))
    return runs


def _told_apart(sources: list[str], means: np.ndarray) -> list[tuple[str, str, float]]:
    one, other = np.triu_indices(len(sources), 1)
    # With N targets no p is below 2 / 2^N, and with P pairs none is below P times that after Holm: no pair can be significant.
    if not len(one) or len(one) * 2.0 ** (1 - len(means)) > 0.05:
        return []
    from scipy.stats import wilcoxon

    gaps = means[:, one] - means[:, other]
    raw, differ = np.ones(len(one)), (gaps != 0).any(axis=0)
    raw[differ] = wilcoxon(gaps[:, differ], axis=0).pvalue
    p, pairs = holm(raw), []
    for pair in np.flatnonzero(p < 0.05):
        gap, names = gaps[:, pair], (sources[one[pair]], sources[other[pair]])
        better, worse = names if (np.sign(gap) * row_ranks(np.abs(gap))).sum() > 0 else names[::-1]
        pairs.append((better, worse, float(p[pair])))
    return sorted(pairs, key=lambda pair: pair[2])
