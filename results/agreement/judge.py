"""Measures judged as decisions: had the source been chosen by a measure, how good would the choice have been?"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from results.agreement.decisions import Decision, decision_name
from results.agreement.notes import decision_notes, verdict
from results.agreement.rankers import CHOICES_ONLY, ORACLE, OWN_ROWS, RANDOM, STATIC, Ranker, constants, measures
from results.agreement.result import Agreement, JudgedMeasure, Statistic
from results.agreement.scores import PairScore
from results.error import CatsError
from results.statistics.intervals import draw_means
from results.statistics.multiple_testing import holm
from results.statistics.rank_agreement import (
    BOUNDS,
    STATISTICS,
    agreement_statistics,
    choice_statistics,
    mean_interval,
    p_values,
    random_orders,
)

REPLICATES = 400  # replicates of one target, where seeds or images leave sampling error
DRAWS = 10_000  # draws of the mean of random orders


def judge_measures(decisions: Sequence[Decision], rows: Sequence[PairScore], experiment: str, metric: str) -> Agreement:
    """Judge every measure of `rows`, and the constants, on the targets of which a measure gives a score.

    `rows`: see decisions.scores_for. Raises CatsError if no measure gives a score.
    """
    scored = {(row.target, row.backbone) for row in rows if row.value is not None and row.measure not in OWN_ROWS}
    judged_on = [d for d in decisions if (d.target, d.backbone) in scored]
    if not judged_on:
        raise CatsError(f"no measure gives a score to any pair that was run in '{experiment}'; constants alone are not judged")
    rankers = measures(rows, judged_on) + constants(rows, judged_on, decisions)
    evaluation = _Evaluation(judged_on, experiment)
    for ranker in rankers:
        evaluation.add(ranker)
    judged = _corrected([evaluation.result(ranker) for ranker in rankers])
    order = sorted(judged, key=lambda row: (row.constant, 0.0 if row.constant else -(row.mean["weighted_tau"].value or 0.0)))
    names = [decision_name(d, judged_on) for d in judged_on]
    return Agreement(experiment, metric, names, order, verdict(judged), decision_notes(judged_on))


class _Evaluation:
    """Evaluates rankers on the same decisions, with the same random replicates for all, so that they can be compared."""

    def __init__(self, decisions: Sequence[Decision], experiment: str) -> None:
        self.decisions, self.seed = decisions, zlib.crc32(experiment.encode())
        self.points: dict[str, np.ndarray] = {}  # (decisions, statistics)
        self.noisy: dict[str, np.ndarray] = {}  # (decisions, replicates, statistics)

    def add(self, ranker: Ranker) -> None:
        """Compute the statistics of every decision, as measured and in replicates with other seeds, test images and scores."""
        points, noisy = [], []
        for i, decision in enumerate(self.decisions):
            point = _statistics(ranker, decision, decision.values[None], ranker.scores[i][None])
            copies = np.tile(point, (REPLICATES, 1))
            if decision.noisy or ranker.errors[i].any():
                rng = np.random.default_rng([self.seed, i])
                values = draw_means(decision.measured, rng, REPLICATES).astype(float)
                scores = ranker.scores[i] + ranker.errors[i] * rng.standard_normal(values.shape)
                copies = _statistics(ranker, decision, values, values if ranker.name == ORACLE else scores)
            points.append(point[0])
            noisy.append(copies)
        self.points[ranker.name], self.noisy[ranker.name] = np.array(points), np.array(noisy)

    def result(self, ranker: Ranker) -> JudgedMeasure:
        """Everything about one ranker, once all have been added."""
        points = self.points[ranker.name]
        p, p_mean = self._chance(ranker, points)
        targets = {
            decision_name(d, self.decisions): {
                name: _statistic(points[i, k], _ends(self.noisy[ranker.name][i, :, k]), p[i, k])
                for k, name in enumerate(STATISTICS)
            }
            for i, d in enumerate(self.decisions)
        }
        noisy = self.noisy[ranker.name]
        mean = {
            name: self._over_targets(points[:, k], noisy[:, :, k], p_mean[k], BOUNDS[k]) for k, name in enumerate(STATISTICS)
        }
        lead = self._lead(ranker.name) if not ranker.constant else Statistic(None)
        judged = int(np.isfinite(points[:, STATISTICS.index("regret_1")]).sum())
        return JudgedMeasure(ranker.name, ranker.constant, judged, mean, targets, lead, ranker.reasons)

    def _over_targets(self, points: np.ndarray, noisy: np.ndarray, p: float, bounds: np.ndarray) -> Statistic:
        """The mean of a statistic over targets. points: (decisions,); noisy: (decisions, replicates) inside the targets."""
        mean = float(_mean(points))
        figures = _by_target(points, self.decisions)
        figures, drawn = figures[np.isfinite(figures)], _mean(noisy)
        if len(figures) < 2:
            return _statistic(mean, _ends(drawn), p)
        inside = drawn[np.isfinite(drawn)]
        low, high = mean_interval(figures, float(inside.std()) if len(inside) else 0.0)
        moved = mean - figures.mean()  # a target counts once for each of its backbones in the mean
        ends = float(max(low + moved, bounds[0])), float(min(high + moved, bounds[1]))
        return _statistic(mean, ends if ends[0] < ends[1] else None, p)

    def _lead(self, name: str) -> Statistic:
        ours, theirs = (_by_target(self.points[one][:, 0], self.decisions) for one in (name, STATIC))
        both = np.isfinite(ours) & np.isfinite(theirs)
        if not both.any():
            return Statistic(None)
        points, noisy = (part[name][..., 0] - part[STATIC][..., 0] for part in (self.points, self.noisy))
        p = np.nan
        if both.sum() > 1:
            p = stats.permutation_test(
                (ours[both], theirs[both]), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
                vectorized=True, alternative="greater", rng=np.random.default_rng(self.seed),
            ).pvalue  # fmt: skip
        return self._over_targets(points, noisy, p, np.array((-2, 2)))

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
        return p, p_values(_mean(points), _mean(np.array(total)), exact=False) if total else p[0]


def _all_orders(scores: np.ndarray, chance: np.ndarray) -> bool:
    return len(chance) == math.factorial(int(np.isfinite(scores).sum()))


def _statistics(ranker: Ranker, decision: Decision, values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(m, 5): a random choice is expected to agree with nothing, and a constant that names one source orders nothing."""
    if ranker.name == RANDOM:
        return np.column_stack([np.zeros((len(values), 2)), choice_statistics(values, scores, decision.top)])
    statistics = agreement_statistics(values, scores, decision.top)
    if ranker.name in CHOICES_ONLY:
        statistics[:, :2] = np.nan
    return statistics


def _mean(figures: np.ndarray) -> np.ndarray:
    """Mean over the first axis of the values that are defined; NaN where none is."""
    able = np.isfinite(figures)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(able, figures, 0).sum(axis=0) / able.sum(axis=0))


def _by_target(figures: np.ndarray, decisions: Sequence[Decision]) -> np.ndarray:
    """One value for each target: several backbones of one target are no further evidence."""
    names = list(dict.fromkeys(d.target for d in decisions))
    return np.array([_mean(figures[[d.target == name for d in decisions]]) for name in names])


def _ends(drawn: np.ndarray) -> tuple[float, float] | None:
    """The middle 95 % of draws; None where they do not vary."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn) or np.ptp(drawn) == 0:
        return None
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _statistic(value: float, ends: tuple[float, float] | None, p: float) -> Statistic:
    if not np.isfinite(value):
        return Statistic(None)
    low, high = ends or (None, None)
    return Statistic(float(value), low, high, None if np.isnan(p) else float(p))


def _corrected(rows: Sequence[JudgedMeasure]) -> list[JudgedMeasure]:
    """The p-values of each statistic and of the leads, corrected over the measures by Holm; constants are no members."""
    measured = [row for row in rows if not row.constant]
    statistics = {row.name: {**row.mean, "lead": row.lead} for row in measured}
    for name in (*STATISTICS, "lead"):
        raw = [statistics[row.name][name].p for row in measured]
        for row, p in zip(measured, holm(np.array([np.nan if p is None else p for p in raw], float)), strict=True):
            statistics[row.name][name] = replace(statistics[row.name][name], p_holm=None if np.isnan(p) else float(p))
    return [
        replace(row, lead=statistics[row.name].pop("lead"), mean=statistics[row.name]) if row in measured else row
        for row in rows
    ]
