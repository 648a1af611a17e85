"""Measures judged as decisions: had the source been chosen by a measure, how good would the choice have been?"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from results.agreement.decisions import Decision, decision_name
from results.agreement.notes import decision_notes, few_targets_note, gain_note, unranked_note, verdict
from results.agreement.rankers import CHOICES_ONLY, IMAGENET, ORACLE, OWN_ROWS, RANDOM, STATIC, Ranker, constants, measures
from results.agreement.replicates import REPLICATES, Replicates, by_target, defined_mean
from results.agreement.result import SHARE, Agreement, JudgedMeasure, Statistic
from results.agreement.scores import PairScore
from results.error import CatsError
from results.metrics import metric_of
from results.statistics.bounded import Bounds, interval_over_targets, middle
from results.statistics.multiple_testing import holm
from results.statistics.rank_agreement import (
    ANY,
    STATISTICS,
    agreement_statistics,
    bounds_of_statistics,
    choice_statistics,
    p_values,
    random_orders,
)

DRAWS = 10_000  # draws of the mean of random orders
LEAD = (-2.0, 2.0)  # bounds of the difference of two weighted taus


def judge_measures(decisions: Sequence[Decision], rows: Sequence[PairScore], experiment: str, metric: str) -> Agreement:
    """Judge every measure of `rows`, and the constants, on the targets of which a measure gives a score.

    A measure that orders less than SHARE of the sources is judged and not ranked: it is the last row, leads nothing and is no
    member of the family of measures over which p-values are corrected.

    `rows`: see decisions.scores_for. Raises CatsError if no measure gives a score.
    """
    scored = {(row.target, row.backbone) for row in rows if row.value is not None and row.measure not in OWN_ROWS}
    judged_on = [d for d in decisions if (d.target, d.backbone) in scored]
    if not judged_on:
        raise CatsError(f"no measure gives a score to any pair that was run in '{experiment}'; constants alone are not judged")
    rankers = measures(rows, judged_on) + constants(rows, judged_on, decisions)
    evaluation = _Evaluation(judged_on, experiment, metric_of(metric).oriented_bounds)
    for ranker in rankers:
        evaluation.add(ranker)
    judged = _corrected([evaluation.result(ranker) for ranker in rankers])
    names = [decision_name(d, judged_on) for d in judged_on]
    notes = [
        *few_targets_note(evaluation.compared),
        *gain_note(judged),
        *unranked_note(judged),
        *decision_notes(judged_on),
    ]
    return Agreement(experiment, metric, names, sorted(judged, key=_place), verdict(judged), notes)


def _place(row: JudgedMeasure) -> tuple[bool, bool, float]:
    """Ranked measures by their weighted tau, then the constants, then the measures that are not ranked."""
    tau = row.mean["weighted_tau"].value
    return not row.ranked, row.constant, 0.0 if row.constant else math.inf if tau is None else -tau


class _Evaluation:
    """Evaluates rankers on the same decisions, with the same random replicates for all, so that they can be compared."""

    def __init__(self, decisions: Sequence[Decision], experiment: str, metric: Bounds) -> None:
        self.decisions, self.metric, self.seed = decisions, metric, zlib.crc32(experiment.encode())
        self.replicates = Replicates(experiment)
        self.points: dict[str, np.ndarray] = {}  # (decisions, statistics)
        self.noisy: dict[str, np.ndarray] = {}  # (decisions, replicates, statistics)
        self.compared: dict[str, list[int]] = {}  # a constant → on how many targets each measure was tested against it

    def add(self, ranker: Ranker) -> None:
        """Compute the statistics of every decision, as measured and in replicates with other seeds, test images and scores."""
        points, noisy = [], []
        for i, decision in enumerate(self.decisions):
            point = _statistics(ranker, decision, decision.values[None], ranker.scores[i][None], ANY)
            copies, drawn = np.tile(point, (REPLICATES, 1)), self.replicates.of(decision, ranker.scores[i], ranker.errors[i])
            if drawn is not None:
                values, scores = drawn
                copies = _statistics(ranker, decision, values, values if ranker.name == ORACLE else scores, self.metric)
            points.append(point[0])
            noisy.append(copies)
        self.points[ranker.name], self.noisy[ranker.name] = np.array(points), np.array(noisy)

    def result(self, ranker: Ranker) -> JudgedMeasure:
        """Everything about one ranker, once all have been added."""
        points = self.points[ranker.name]
        p, p_mean = self._chance(ranker, points)
        targets = {
            decision_name(d, self.decisions): {
                name: _statistic(points[i, k], middle(self.noisy[ranker.name][i, :, k]), p[i, k])
                for k, name in enumerate(STATISTICS)
            }
            for i, d in enumerate(self.decisions)
        }
        noisy, bounds = self.noisy[ranker.name], bounds_of_statistics(self.metric)
        mean = {
            name: self._over_targets(points[:, k], noisy[:, :, k], p_mean[k], bounds[k]) for k, name in enumerate(STATISTICS)
        }
        chosen = np.isfinite(points[:, STATISTICS.index("regret_1")])
        coverage = self._coverage(ranker, chosen)
        ranked = ranker.constant or coverage >= SHARE
        lead, gain = self._compared(ranker.name) if ranked and not ranker.constant else (Statistic(None), Statistic(None))
        return JudgedMeasure(
            ranker.name, ranker.constant, int(chosen.sum()), mean, targets, lead, ranker.reasons, coverage, ranked, gain
        )  # fmt: skip

    def _coverage(self, ranker: Ranker, chosen: np.ndarray) -> float:
        """The share of the sources of all decisions that the ranker orders; `chosen`: where it chooses one."""
        scored = [np.isfinite(scores).sum() for scores, able in zip(ranker.scores, chosen, strict=True) if able]
        return float(sum(scored) / sum(len(decision.sources) for decision in self.decisions))

    def _over_targets(self, points: np.ndarray, noisy: np.ndarray, p: float, bounds: Bounds) -> Statistic:
        """The mean of a statistic over targets. points: (decisions,); noisy: (decisions, replicates) inside the targets."""
        mean, figures = float(defined_mean(points)), by_target(points, self.decisions)
        return _statistic(mean, interval_over_targets(mean, figures[np.isfinite(figures)], defined_mean(noisy), bounds), p)

    def _compared(self, name: str) -> tuple[Statistic, Statistic]:
        """The lead and the gain of a measure, see JudgedMeasure."""
        tau, regret = STATISTICS.index("weighted_tau"), STATISTICS.index("regret_1")
        width = self.metric[1] - self.metric[0]
        gain = self._ahead(IMAGENET, name, regret, (-width, width)) if IMAGENET in self.points else Statistic(None)
        return self._ahead(name, STATIC, tau, LEAD), gain

    def _ahead(self, name: str, other: str, k: int, bounds: Bounds) -> Statistic:
        """The mean difference of the k-th statistic of two rankers over the targets on which both have it."""
        points, noisy = (part[name][..., k] - part[other][..., k] for part in (self.points, self.noisy))
        differences = by_target(points, self.decisions)
        differences = differences[np.isfinite(differences)]
        if not len(differences):
            return Statistic(None)
        p = np.nan
        if len(differences) > 1:
            p = stats.permutation_test(
                (differences, np.zeros(len(differences))), lambda x, y, axis: np.mean(x - y, axis=axis),
                permutation_type="samples", vectorized=True, alternative="greater", rng=np.random.default_rng(self.seed),
            ).pvalue  # fmt: skip
            self.compared.setdefault(other if name != IMAGENET else name, []).append(len(differences))
        return self._over_targets(points, noisy, p, bounds)

    def _chance(self, ranker: Ranker, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p-values of each decision and of the mean; NaN for the random choice and for the oracle."""
        p = np.full(points.shape, np.nan)
        if ranker.name in {RANDOM, ORACLE}:
            return p, p[0]
        rng, total, counted = np.random.default_rng(self.seed), [], []
        for i, decision in enumerate(self.decisions):
            if not np.isfinite(points[i]).any():
                continue
            chance = random_orders(decision.values, ranker.scores[i], decision.top)
            p[i] = p_values(points[i], chance, exact=_all_orders(ranker.scores[i], chance))
            counted.append(i)
            total.append(chance[rng.integers(len(chance), size=DRAWS)])
        if len(counted) == 1:
            return p, p[counted[0]]
        return p, p_values(defined_mean(points), defined_mean(np.array(total)), exact=False) if total else p[0]


def _all_orders(scores: np.ndarray, chance: np.ndarray) -> bool:
    return len(chance) == math.factorial(int(np.isfinite(scores).sum()))


def _statistics(ranker: Ranker, decision: Decision, values: np.ndarray, scores: np.ndarray, metric: Bounds) -> np.ndarray:
    """(m, 5): a random choice is expected to agree with nothing, and a constant that names one source orders nothing."""
    if ranker.name == RANDOM:
        return np.column_stack([np.zeros((len(values), 2)), choice_statistics(values, scores, decision.top, metric)])
    statistics = agreement_statistics(values, scores, decision.top, metric)
    if ranker.name in CHOICES_ONLY:
        statistics[:, :2] = np.nan
    return statistics


def _statistic(value: float, ends: tuple[float, float] | None, p: float) -> Statistic:
    if not np.isfinite(value):
        return Statistic(None)
    low, high = ends or (None, None)
    return Statistic(float(value), low, high, None if np.isnan(p) else float(p))


def _corrected(rows: Sequence[JudgedMeasure]) -> list[JudgedMeasure]:
    """The p-values of each statistic, of leads and of gains, corrected over the measures by Holm; constants are no members."""
    measured = [row for row in rows if row.ranked and not row.constant]
    statistics = {row.name: row.over_targets for row in measured}
    for name in (*STATISTICS, "lead", "gain"):
        raw = [statistics[row.name][name].p for row in measured]
        for row, p in zip(measured, holm(np.array([np.nan if p is None else p for p in raw], float)), strict=True):
            statistics[row.name][name] = replace(statistics[row.name][name], p_holm=None if np.isnan(p) else float(p))
    return [_with_figures(row, statistics[row.name]) if row in measured else row for row in rows]


def _with_figures(row: JudgedMeasure, figures: dict[str, Statistic]) -> JudgedMeasure:
    return replace(row, lead=figures.pop("lead"), gain=figures.pop("gain"), mean=figures)
