"""Which source of one target is the best, asked again after every seed, so that a decided question needs no more seeds.

The pairs of all sources are tested after the first LOOK seeds and after every later one. The level is spent in equal parts over
these looks (the linear spending function of Lan & DeMets, Biometrika 70, 1983). By Bonferroni's inequality, the probability of
any false claim at any look is at most the sum of the parts, however looks and pairs depend on each other and whatever decides
how many looks take place. At one look every claim "source i is better than source j" passes one of two tests,
each at half the level:

- Student's t of the differences seed by seed. It finds more where two sources move together over seeds, because their cells of
  one seed share training images and batches.
- Welch's t of two independent samples with unequal variances (Biometrika 34, 1947). It finds more where sources do not move
  together, because it has up to twice as many degrees of freedom; where they do, it keeps its level.

Both suppose that the figures of a source are roughly normal over seeds and that no two sources move against each other.
`scripts/simulate_adaptive.py` compares the design with the test of the tie groups, with e-processes (Wang & Ramdas,
Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance, 2024) and with bets on bounded
differences (Waudby-Smith & Ramdas, JRSS B 86, 2024).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from results.statistics.distributions import t_tail
from results.statistics.intervals import NOTHING

LOOK = 3  # seeds before the first look: the variance of two seeds says too little


@dataclass(frozen=True)
class Design:
    """When is looked, and how sure an answer has to be.

    Attributes:
        seeds: number of seeds of the plan, from 2 on.
        level: the probability that no claim about a target is wrong, over all looks and all pairs together.
        margin: a source is decided upon, too, if no other one is better by this difference or more. 0: only if it is better
            than every other one.
    """

    seeds: int
    level: float = 0.95
    margin: float = 0.0

    @property
    def first(self) -> int:
        """The number of seeds at the first look."""
        return min(LOOK, self.seeds)

    @property
    def alpha(self) -> float:
        """The part of the level that each look spends."""
        return (1 - self.level) / (self.seeds - self.first + 1)


@dataclass(frozen=True)
class Progress:
    """What is known of a target after some seeds. Sources are numbers, in the order of the values.

    Attributes:
        seeds: the leading seeds of the plan that have been tried with every contender.
        contenders: the sources that may be the best, the largest mean first.
        beaten: source → number of seeds after which another one was found to be better.
        best: the source that is decided upon; None while the question is open.
        nearness: how near the contender with the largest mean is to being decided upon: the largest p-value of its
            comparisons at the last look, at most `Design.alpha` where the question is decided; 1 before the first look.
    """

    seeds: int
    contenders: tuple[int, ...]
    beaten: Mapping[int, int] = field(default_factory=dict)
    best: int | None = None
    nearness: float = 1.0


def better(values: np.ndarray, shift: float = 0.0) -> np.ndarray:
    """p-values of all pairs, (K, K) for (K, n) values: that source i plus `shift` is better than source j.

    The p-values are corrected for all pairs of the K sources. A seed that either source of a pair misses (NaN) is not counted
    in this pair. 1 where there are fewer than two common seeds, where nothing varies, and on the diagonal.
    """
    count = len(values)
    first, second = np.triu_indices(count, 1)
    both = np.isfinite(values[first]) & np.isfinite(values[second])
    seeds = both.sum(axis=1)
    known = np.flatnonzero(seeds > 1)
    found = np.ones((count, count))
    first, second, both, seeds = first[known], second[known], both[known], seeds[known]
    pairs = np.stack([np.where(both, values[first], 0.0), np.where(both, values[second], 0.0)])  # (2, P, n)
    means = pairs.sum(axis=2) / seeds
    away = np.where(both, pairs - means[:, :, None], 0.0)
    own = (away**2).sum(axis=2) / (seeds - 1) / seeds
    paired = ((away[0] - away[1]) ** 2).sum(axis=1) / (seeds - 1) / seeds
    variance = own.sum(axis=0)
    freedom = np.where(variance > NOTHING, variance**2 / np.maximum((own**2).sum(axis=0) / (seeds - 1), NOTHING**2), 1.0)
    for sign, winner, loser in ((1, first, second), (-1, second, first)):
        lead = sign * (means[0] - means[1]) + shift
        p = np.minimum(student_p(lead, variance, freedom), student_p(lead, paired, seeds - 1))
        found[winner, loser] = np.where(lead > 0, np.minimum(1.0, count * (count - 1) * p), 1.0)
    return found


def student_p(lead: np.ndarray, variance: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Two-sided p-values of differences, from their squared standard errors; 1 where nothing varies. All of one shape."""
    able, p = variance > NOTHING, np.ones(lead.shape)
    p[able] = 2 * t_tail(np.abs(lead[able]) / np.sqrt(variance[able]), freedom[able])
    return p


def follow(values: np.ndarray, tried: np.ndarray, design: Design) -> Progress:
    """What is known of a target: look after look, until the question is decided or a contender has not been tried.

    A look after n seeds uses the first n seeds of the plan, whatever has been made since and in whatever order, so that the
    answer is a function of the values. A source that is beaten stays beaten.

    Args:
        values: (K, N) of K sources and N = `design.seeds` seeds, in the order of the plan, oriented so that higher is better;
            NaN where there is no value.
        tried: (K, N) whether the source has been tried with the seed; without a value, all attempts have failed.
        design: the looks and the level.
    """
    contenders, beaten = list(range(len(values))), dict[int, int]()
    seeds, nearness, best = 0, 1.0, None
    while seeds < design.seeds and len(contenders) > 1 and best is None and tried[contenders, seeds].all():
        seeds += 1
        if seeds < design.first:
            continue
        so_far = values[:, :seeds]
        contenders = [i for i in contenders if np.isfinite(so_far[i]).any()]  # of a source that always fails nothing is known
        p = better(so_far)
        lost = [j for j in contenders if (p[contenders, j] <= design.alpha).any()]
        beaten |= dict.fromkeys(lost, seeds)
        contenders = [i for i in contenders if i not in lost]
        if len(contenders) > 1:
            contenders = sorted(contenders, key=lambda i: -float(np.nanmean(values[i, :seeds])))
            near = better(so_far, design.margin) if design.margin else p
            nearness = float(max(near[contenders[0], j] for j in contenders[1:]))
            best = contenders[0] if design.margin and nearness <= design.alpha else None
    if len(contenders) == 1:
        best, nearness = contenders[0], 0.0
    return Progress(seeds, tuple(contenders), beaten, best, nearness)
