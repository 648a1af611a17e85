"""Ways to decide which source is the best: what `cats run --adaptive` does, and what it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from results.statistics.sequential import Design, student_p
from results.statistics.studentized_range import tail

LEVEL = 0.95
BETS = np.linspace(0.05, 0.95, 19)
EFFECT = 3.0  # the scale of effects, in standard deviations, for which the e-process is made
ROOM = 1e-18  # smaller variances are rounding errors


@dataclass(frozen=True)
class Way:
    """A way to decide: the looks, and of each the (M, K, K) p-values that source i is better than j, and their bound."""

    name: str
    looks: Callable[[int], range]
    alpha: Callable[[int], float]
    p: Callable[[np.ndarray], np.ndarray]


def parts(values: np.ndarray, test: str, shift: float = 0.0) -> np.ndarray:
    """(M, K, K) corrected p-values that source i plus `shift` is better than source j, from the seeds so far.

    `test`: `unpaired` (Welch), `paired`, `both` at half the level, or `board` (Games and Howell).
    """
    many, count, seeds = values.shape
    first, second = np.triu_indices(count, 1)
    lead = (values[:, first] - values[:, second]).mean(axis=2)
    own = np.stack([values[:, first], values[:, second]]).var(axis=3, ddof=1) / seeds
    across = (values[:, first] - values[:, second]).var(axis=2, ddof=1) / seeds
    variance = own.sum(axis=0)
    freedom, made = variance**2 / ((own**2).sum(axis=0) / (seeds - 1)), np.ones((many, count, count))
    for sign, winner, loser in ((1, first, second), (-1, second, first)):
        far = sign * lead + shift
        if test == "board":
            p = tail((np.abs(far) * np.sqrt(2 / variance)).ravel(), count, freedom.ravel()).reshape(far.shape)
        else:
            unpaired, paired = student_p(far, variance, freedom), student_p(far, across, np.full(far.shape, seeds - 1))
            p = {"unpaired": unpaired, "paired": paired, "both": 2 * np.minimum(unpaired, paired)}[test] * len(first)
        made[:, winner, loser] = np.where(far > 0, np.minimum(1, p), 1)
    return made


def spread_out(p: np.ndarray, lead: np.ndarray, count: int) -> np.ndarray:
    """(M, P) two-sided p-values of pairs as (M, K, K): only the source with the larger mean is better."""
    first, second = np.triu_indices(count, 1)
    made = np.ones((len(p), count, count))
    made[:, first, second], made[:, second, first] = np.where(lead > 0, p, 1), np.where(lead < 0, p, 1)
    return made


def e_process(values: np.ndarray) -> np.ndarray:
    """1 / e of the t-test with a normal mixture of effects and right Haar prior of the scale, times the number of pairs."""
    count, seeds = values.shape[1:]
    first, second = np.triu_indices(count, 1)
    differences = values[:, first] - values[:, second]
    lead, free = differences.mean(axis=2), seeds - 1
    t2, prior = lead**2 / np.maximum(differences.var(axis=2, ddof=1) / seeds, ROOM), 1 + seeds * EFFECT**2
    log_e = -np.log(prior) / 2 + seeds / 2 * (np.log1p(t2 / free) - np.log1p(t2 / free / prior))
    return spread_out(np.minimum(1, np.exp(-log_e) * len(first)), lead, count)


def bets(values: np.ndarray) -> np.ndarray:
    """1 / wealth of bets on differences that lie between -1 and 1, mixed over their size, times the number of pairs."""
    count = values.shape[1]
    first, second = np.triu_indices(count, 1)
    differences = values[:, first] - values[:, second]
    lead = differences.mean(axis=2)
    signed = np.sign(lead)[:, :, None] * differences
    wealth = np.mean([np.prod(1 + bet * signed, axis=2) for bet in BETS], axis=0)
    return spread_out(np.minimum(1, 2 * len(first) / wealth), lead, count)


def ways() -> list[Way]:
    def own(n: int) -> range:
        return range(Design(n).first, n + 1)

    def every(n: int) -> range:
        return range(2, n + 1)

    def shared(n: int) -> float:
        return Design(n, LEVEL).alpha

    def whole(_: int) -> float:
        return 1 - LEVEL

    return [
        Way("both tests, each at half the level (`--adaptive`)", own, shared, lambda v: parts(v, "both")),
        Way("Welch's t alone", own, shared, lambda v: parts(v, "unpaired")),
        Way("paired t alone", own, shared, lambda v: parts(v, "paired")),
        Way("e-process of the paired t-test", every, whole, e_process),
        Way("bets on bounded differences", every, whole, bets),
        Way("not valid: the test of the board after every seed", every, whole, lambda v: parts(v, "board")),
    ]
