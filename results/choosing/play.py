"""Plays a policy back on one target of an experiment: its runs come from the experiment instead of an engine."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.choosing.matrix import Matrix
from results.choosing.policy import Arm, Budget, Known, Policy, Trial
from results.choosing.prior import Prior, Setting


@dataclass(frozen=True)
class Column:
    """The runs of one target that a policy can ask for, and the cost of each in one unit.

    Attributes:
        runs: arm → its runs, one for each seed: validation loss (None of a failed run), test score, cost.
        total: the cost of all runs of the column.
        unit: kwh, hours or cells: what the costs are.
    """

    sources: tuple[str, ...]
    settings: Mapping[str, Setting]
    runs: Mapping[Arm, list[tuple[float | None, float, float]]]
    total: float
    unit: str


@dataclass(frozen=True)
class Played:
    """What a policy has made on one target, in order.

    Attributes:
        trials: as the policy saw them.
        scores: the test score of each, NaN for a failed run; no policy sees it.
        spent: the cost up to and with each run, as a share of the column's total.
        picks: after each run, the number of the run that would be recommended; -1 where none has finished.
        absent: arms that the policy asked for and the experiment does not hold.
    """

    trials: tuple[Trial, ...]
    scores: np.ndarray
    spent: np.ndarray
    picks: np.ndarray
    absent: int

    def runs_within(self, share: float) -> int:
        """How many runs fit into a share of the column's total; the first run always counts, an answer needs one.

        0 of a policy that has asked for nothing.
        """
        return min(len(self.spent), max(1, int(np.searchsorted(self.spent, share * (1 + 1e-9), side="right"))))

    def spent_after(self, runs: int) -> float:
        """The share of the column's total that so many runs cost, or all runs if there are fewer."""
        return float(self.spent[min(runs, len(self.spent)) - 1]) if runs and len(self.spent) else 0.0

    def score(self, runs: int) -> float:
        """The test score of what is recommended after so many runs, or after all if there are fewer; NaN without any."""
        pick = int(self.picks[min(runs, len(self.picks)) - 1]) if runs and len(self.picks) else -1
        return float(self.scores[pick]) if pick >= 0 else float("nan")


def column_of(matrix: Matrix, cost: np.ndarray, target: int, unit: str, order: np.ndarray) -> Column:
    """The column of one target.

    Args:
        matrix: the experiment.
        cost: of each run, of the shape of `matrix.made`, 0 where there is none.
        target: its number.
        unit: what the costs are.
        order: the order of the sources, which is the order in which a user names them.
    """
    made = matrix.made[target]
    names = [setting.name for setting in matrix.settings]
    val, score, costs = matrix.val_loss[target].tolist(), matrix.score[target].tolist(), cost[target].tolist()
    finite = np.isfinite(matrix.val_loss[target]) & np.isfinite(matrix.score[target])
    runs: dict[Arm, list[tuple[float | None, float, float]]] = {}
    for s, c, r in np.argwhere(made).tolist():
        loss = val[s][c][r] if finite[s, c, r] else None
        runs.setdefault(Arm(matrix.sources[s], names[c]), []).append((loss, score[s][c][r], costs[s][c][r]))
    sources = tuple(matrix.sources[s] for s in order if made[s].any())
    settings = {names[c]: setting for c, setting in enumerate(matrix.settings) if made[:, c].any()}
    return Column(sources, settings, runs, float(cost[target].sum()), unit)


def play(policy: Policy, column: Column, prior: Prior, share: float, least: int = 1) -> Played:
    """Ask a policy for one run after the other until a share of the column's total is spent, or until it ends.

    At least `least` runs are made, whatever they cost. An arm that the experiment does not hold fails without cost, so that the
    policy goes on, and is counted in `absent`.
    """
    trials: list[Trial] = []
    scores: list[float] = []
    costs: list[float] = []
    limit, every = share * column.total * (1 + 1e-9), sum(map(len, column.runs.values()))
    spent, made, absent, asked = 0.0, 0, 0, Counter[Arm]()
    known = Known(column.sources, column.settings, prior, (), _left(column.unit, limit))
    while made < every and (wanted := policy.next(known, 1)):
        arm = wanted[0]
        earlier, held = asked[arm], column.runs.get(arm, [])
        asked[arm] += 1
        if earlier < len(held):
            loss, score, cost = held[earlier]
            if made >= least and spent + cost > limit:
                break
            spent, made = spent + cost, made + 1
        else:
            loss, score, cost = None, float("nan"), 0.0
            absent += 1
            if absent > len(column.sources) * len(column.settings):
                break
        amount = cost or None
        trials.append(
            Trial(arm, earlier, loss, amount if column.unit == "kwh" else None, amount if column.unit == "hours" else None)
        )
        scores.append(score)
        costs.append(cost)
        known = Known(column.sources, column.settings, prior, tuple(trials), _left(column.unit, limit - spent))
    total = column.total if column.total > 0 else 1.0
    return Played(tuple(trials), np.array(scores), np.cumsum(costs) / total, picks_of(trials), absent)


def picks_of(trials: Sequence[Trial]) -> np.ndarray:
    """After each run, (trials,), the number of the recommended one: the newest of the arm with the smallest mean loss."""
    sums: dict[Arm, tuple[float, int, int]] = {}
    picks, best = [], -1
    for number, trial in enumerate(trials):
        if trial.val_loss is not None:
            total, count, _ = sums.get(trial.arm, (0.0, 0, 0))
            sums[trial.arm] = (total + trial.val_loss, count + 1, number)
            repeated = count > 0
            if repeated:
                best = min(sums.values(), key=lambda held: held[0] / held[1])[2]
            elif best < 0 or trial.val_loss < _mean(sums[trials[best].arm]):
                best = number
        picks.append(best)
    return np.array(picks, dtype=int)


def _mean(held: tuple[float, int, int]) -> float:
    return held[0] / held[1]


def _left(unit: str, amount: float) -> Budget:
    amount = max(0.0, amount)
    if unit == "cells":
        return Budget(cells=int(amount))
    return Budget(kwh=amount) if unit == "kwh" else Budget(hours=amount)
