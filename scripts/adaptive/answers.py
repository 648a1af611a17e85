"""What a way to decide answers for many matrices at once, and whether that is right."""

from dataclasses import dataclass

import numpy as np
from adaptive.ways import LEVEL, Way, parts
from scipy import stats

from results.statistics.intervals import TargetResults, tie_groups
from results.statistics.sequential import Design, follow

CHECKED = 40  # matrices of each kind that are followed by the code of `cats run`, too


@dataclass(frozen=True)
class Found:
    """What came out for M matrices: cells that were made, (M, K) which sources were beaten, (M,) the answer or -1."""

    cells: np.ndarray
    beaten: np.ndarray
    answer: np.ndarray
    margin: float = 0.0

    @property
    def decided(self) -> np.ndarray:
        """(M,) whether there is an answer."""
        return self.answer >= 0

    def wrong(self, truth: np.ndarray) -> np.ndarray:
        """(M,) whether a best source was beaten, any of several best ones, or the answer is worse by the margin or more."""
        far = truth.max() - truth[self.answer] >= (self.margin or 1e-12)
        return self.beaten[:, truth == truth.max()].any(axis=1) | (self.decided & far)


def decide(values: np.ndarray, way: Way, margin: float = 0.0) -> Found:
    """Look after look at (M, K, N) figures, as `follow` does at those of one matrix. A margin is for `--adaptive` alone."""
    many, count, seeds = values.shape
    beaten, answer, cells = np.zeros((many, count), dtype=bool), np.full(many, -1), np.zeros(many)
    for n in range(1, seeds + 1):
        cells += np.where(answer < 0, (~beaten).sum(axis=1), 0)
        if n not in way.looks(seeds):
            continue
        live = (answer < 0)[:, None] & ~beaten
        claims = way.p(values[:, :, :n]) <= way.alpha(seeds)
        beaten |= (claims & live[:, :, None] & live[:, None, :]).any(axis=1)
        live &= ~beaten
        leader = np.where(live, values[:, :, :n].mean(axis=2), -np.inf).argmax(axis=1)
        over = live.sum(axis=1) == 1
        if margin:
            near = parts(values[:, :, :n], "both", margin)[np.arange(many), leader]
            near[np.arange(many), leader] = 0
            over |= live.any(axis=1) & (np.where(live, near, 0).max(axis=1) <= way.alpha(seeds))
        answer = np.where((answer < 0) & over, leader, answer)
    return Found(cells, beaten, answer, margin)


def check(values: np.ndarray, found: Found) -> None:
    """Raises AssertionError if the code of `cats run` comes to other answers than the fast loop of this script."""
    count, seeds = values.shape[1:]
    for number in range(min(CHECKED, len(values))):
        progress = follow(values[number], np.ones((count, seeds), dtype=bool), Design(seeds, LEVEL, found.margin))
        assert set(progress.beaten) == set(np.flatnonzero(found.beaten[number])), number
        assert (-1 if progress.best is None else progress.best) == found.answer[number], number


def full(values: np.ndarray) -> np.ndarray:
    """(M,) the winner that the board names with all seeds, from the seeds alone; -1 without a winner."""
    winners = []
    for matrix in values:
        order = np.argsort(-matrix.mean(axis=1)).tolist()
        ties = tie_groups(TargetResults(list(matrix)), order, LEVEL)
        winners.append(order[0] if ties.count(1) == 1 else -1)
    return np.array(winners)


def rate(hits: np.ndarray) -> str:
    """A share with its exact 95 % interval (Clopper and Pearson)."""
    ends = stats.binomtest(int(hits.sum()), len(hits)).proportion_ci()
    return f"{100 * hits.mean():.1f} % ({100 * ends.low:.1f}–{100 * ends.high:.1f})"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
