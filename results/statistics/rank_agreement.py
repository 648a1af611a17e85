"""Statistics of a choice: how well the scores of sources agree with what was measured. Arrays in, arrays out; no names.

Every function is about one target with n sources: `values` were measured, higher is better; `scores` are NaN where there is
none; `top` (n,) says whether a source is in the top tie group, None where the noise is not known.
"""

import itertools
import math
from functools import cache

import numpy as np
from scipy import special, stats

from results.statistics.bounded import Bounds

STATISTICS = ("weighted_tau", "spearman", "regret_1", "regret_3", "top_tie")
GROWS = np.array([1, 1, -1, -1, 1])  # 1: higher is better
ORDERS = 2000  # random orders behind a p-value; all orders where there are no more
MANY = 12  # with fewer targets the interval of a skewed statistic is too narrow
FEW = f"with fewer than {MANY} targets the interval of a skewed statistic, such as a regret, is too narrow rather than too wide"
ANY = (-np.inf, np.inf)
PAIRS = 2_000_000  # of sources, compared at once: some ten megabytes
CLOSE = 1e-9  # rounding errors of two ways to compute one value are smaller


def bounds_of_statistics(metric: Bounds) -> tuple[Bounds, ...]:
    """The bounds of each of the STATISTICS, by those of the metric: no choice loses more than the width of the metric."""
    regret = (0.0, metric[1] - metric[0])
    return (-1.0, 1.0), (-1.0, 1.0), regret, regret, (0.0, 1.0)


def agreement_statistics(values: np.ndarray, scores: np.ndarray, top: np.ndarray | None, metric: Bounds = ANY) -> np.ndarray:
    """The STATISTICS of m cases, (m, 5); NaN where undefined. `values` and `scores` are (m, n), NaN in the same columns.

    metric: the bounds of the metric, at which random draws of the values are cut before a regret is computed.

    weighted_tau: the weighted Kendall tau (hyperbolic, additive; Vigna 2015), see weighted_tau. regret_k: the best value of all
    minus the best of the k highest scores, in the metric. top_tie: the probability that the source of the highest score is in
    the top tie group. Equal scores choose at random, and the statistic is the expected one. Only sources with a score are
    ranked and chosen. Equal scores of all sources choose nothing, and equal values leave nothing to choose: both give NaN.
    """
    statistics = np.full((len(values), len(STATISTICS)), np.nan)
    able = np.isfinite(scores).all(axis=0)
    if able.sum() < 2:
        return statistics
    fair = leaves_a_choice(values[:, able], scores[:, able])
    if fair.any():
        truth, guess = values[fair][:, able], scores[fair][:, able]
        tau = weighted_tau(truth, guess)
        rho = stats.pearsonr(stats.rankdata(truth, axis=1), stats.rankdata(guess, axis=1), axis=1).statistic
        statistics[fair, :2] = np.clip(np.column_stack([tau, rho]), -1, 1)  # rounding errors reach beyond 1
        statistics[fair, 2:] = choice_statistics(values[fair], scores[fair], top, metric)
    return statistics


def weighted_tau(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The weighted Kendall tau of m cases, (m,): what `scipy.stats.weightedtau` gives for each row of `values` and `scores`.

    A source of rank r, 0 for the best, counts 1 / (r + 1) in each of its pairs, and a pair counts as both of its sources do.
    The result is the mean of two taus: one with ranks by value, then by score, and one the other way round. scipy takes a
    tenth of a millisecond for each case, and the random orders behind one p-value are 2000 cases.
    """
    step = max(1, PAIRS // values.shape[1] ** 2)
    parts = [_weighted_tau(values[i : i + step], scores[i : i + step]) for i in range(0, len(values), step)]
    return np.concatenate(parts)


def _weighted_tau(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    signs = [np.sign(part[:, :, None] - part[:, None, :]).astype(np.int8) for part in (values, scores)]
    agreed = (signs[0] * signs[1]).sum(axis=2)  # (m, n): pairs of a source in the same order, minus those in the opposite one
    ordered = [(sign != 0).sum(axis=2) for sign in signs]
    taus = []
    for keys in ((scores, values), (values, scores)):
        weights = 1 / (np.argsort(np.lexsort(keys)[:, ::-1], axis=1) + 1)
        sums = [(weights * counts).sum(axis=1) for counts in (agreed, *ordered)]
        taus.append(sums[0] / np.sqrt(sums[1] * sums[2]))
    return np.asarray((taus[0] + taus[1]) / 2)


def leaves_a_choice(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(m,) whether neither the scores of all sources nor their values are equal."""
    return np.asarray((np.ptp(scores, axis=1) > 0) & (np.ptp(values, axis=1) > 0))


def choice_statistics(values: np.ndarray, scores: np.ndarray, top: np.ndarray | None, metric: Bounds = ANY) -> np.ndarray:
    """regret_1, regret_3 and top_tie, (m, 3), see agreement_statistics. Equal scores of all sources choose at random."""
    able, values = np.isfinite(scores).all(axis=0), np.clip(values, *metric)
    truth, guess = values[:, able], scores[:, able]
    best = values.max(axis=1)
    first = guess == guess.max(axis=1, keepdims=True)
    hit = np.full(len(values), np.nan) if top is None else (first & top[able]).sum(axis=1) / first.sum(axis=1)
    lost = [np.maximum(best - expected_best(truth, guess, k), 0) for k in (1, 3)]  # a rounding error may lie below 0
    return np.column_stack([*lost, hit])


def expected_best(values: np.ndarray, scores: np.ndarray, k: int) -> np.ndarray:
    """The best value among the k highest scores, (m,); expected over a random draw where equal scores leave the k-th open."""
    k = min(k, values.shape[1])
    order = np.argsort(-values, axis=1)
    values, scores = (np.take_along_axis(part, order, axis=1) for part in (values, scores))
    last = np.sort(scores, axis=1)[:, [-k]]
    sure, tied = np.cumsum(scores > last, axis=1), np.cumsum(scores == last, axis=1)
    open_, more = tied[:, [-1]], k - sure[:, [-1]]
    # The chance that none of the i best values is among the k; the best one is the i-th with the chance that is lost there.
    none = np.where(sure > 0, 0.0, special.comb(open_ - tied, more) / special.comb(open_, more))
    before = np.column_stack([np.ones(len(values)), none[:, :-1]])
    return np.asarray((values * (before - none)).sum(axis=1))


def random_orders(values: np.ndarray, scores: np.ndarray, top: np.ndarray | None) -> np.ndarray:
    """The STATISTICS under random order: the scores (n,) permuted over the sources, (orders, 5)."""
    able = np.isfinite(scores)
    ranks = tuple(sorted(stats.rankdata(scores[able], "dense").tolist()))
    order = np.argsort(~able, kind="stable")  # sources without a score last: they count for the best value only
    tops = None if top is None else tuple(top[order].tolist())
    return _random_orders(tuple(values[order].tolist()), ranks, tops)


@cache
def _random_orders(values: tuple[float, ...], ranks: tuple[float, ...], top: tuple[bool, ...] | None) -> np.ndarray:
    """Cached, because measures without equal scores share it."""
    dealt = np.array(ranks)[orders(len(ranks))]
    silent = np.full((len(dealt), len(values) - len(ranks)), np.nan)
    return agreement_statistics(
        np.tile(values, (len(dealt), 1)), np.column_stack([dealt, silent]), None if top is None else np.array(top)
    )


@cache
def orders(n: int) -> np.ndarray:
    """All orders of n things, or ORDERS drawn at random where there are more; (orders, n).

    Half of the drawn ones are the other half backwards: agreement by chance is 0 on average, and so it nearly is in them.
    """
    if math.factorial(n) <= ORDERS:
        return np.array(list(itertools.permutations(range(n))))
    rng = np.random.default_rng(n)
    drawn = np.array([rng.permutation(n) for _ in range(ORDERS // 2)])
    return np.concatenate([drawn, n - 1 - drawn])


def p_values(observed: np.ndarray, chance: np.ndarray, exact: bool) -> np.ndarray:
    """One-sided: how often random order does at least as well, (5,). `observed` (5,), `chance` (draws, 5).

    Where `chance` holds drawn orders and not all, the observed one counts as one more of them, so that p is never 0.
    """
    more = 0 if exact else 1
    with np.errstate(invalid="ignore"):
        reached = (GROWS * chance >= GROWS * observed - CLOSE).sum(axis=0)
    return np.where(np.isfinite(observed), (reached + more) / (len(chance) + more), np.nan)
