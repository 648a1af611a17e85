"""Measures judged as decisions: had the source been chosen by them, how good would the choice have been?"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from results.agreement.decisions import Decision, static
from results.agreement.result import Agreement, Figure, Judged
from results.agreement.scores import SIZE as SOURCE_SIZE
from results.agreement.scores import Said
from results.error import CatsError
from results.statistics.intervals import draws
from results.statistics.multiple_testing import holm
from results.statistics.rank_agreement import BOUNDS, FEW, MANY, STATISTICS, choose, judge, mean_interval, null, p_values

REPLICATES = 400  # of one target, where seeds or images leave a doubt
DRAWS = 10_000  # of the mean of random orders
IMAGENET, STATIC, SIZE, RANDOM, ORACLE = "always imagenet", "static mean rank", "largest source", "random", "oracle"
OWN_ROWS = {"imagenet_always", "static_rank", "random", SOURCE_SIZE}  # measures that are constants: rows of their own
CHOICES_ONLY = {IMAGENET}  # name one source and order nothing


@dataclass(frozen=True)
class _Ranker:
    """Scores and their standard errors, one array for each decision."""

    name: str
    constant: bool
    scores: list[np.ndarray]
    errors: list[np.ndarray]
    reasons: dict[str, str]


def agree(decisions: Sequence[Decision], rows: Sequence[Said], experiment: str, metric: str) -> Agreement:
    """Judge every measure of `rows`, and the constants, on the targets of which a measure says anything (see `about`)."""
    scored = {(row.target, row.backbone) for row in rows if row.value is not None and row.measure not in OWN_ROWS}
    judged_on = [d for d in decisions if (d.target, d.backbone) in scored]
    if not judged_on:
        raise CatsError(f"no measure says anything of what was run in '{experiment}'; constants alone are not judged")
    measures = [name for name in dict.fromkeys(row.measure for row in rows) if name not in OWN_ROWS]
    rankers = [_measured(name, rows, judged_on) for name in measures] + _constants(rows, judged_on, decisions)
    court = _Court(judged_on, experiment)
    for ranker in rankers:
        court.hear(ranker)
    found = _corrected([court.judged(ranker) for ranker in rankers])
    order = sorted(found, key=lambda row: (row.constant, 0.0 if row.constant else -(row.mean["weighted_tau"].value or 0.0)))
    return Agreement(experiment, metric, [_name(d, judged_on) for d in judged_on], order, _verdict(found), _notes(judged_on))


def _name(decision: Decision, among: Sequence[Decision]) -> str:
    return decision.target if len({d.backbone for d in among}) == 1 else f"{decision.target} on {decision.backbone}"


def _measured(name: str, rows: Sequence[Said], decisions: Sequence[Decision], title: str | None = None) -> _Ranker:
    given = {(row.target, row.source, row.backbone): row for row in rows if row.measure == name}
    scores, errors, reasons = [], [], {}
    for decision in decisions:
        here = [given.get((decision.target, source, decision.backbone)) for source in decision.sources]
        values = np.array([np.nan if row is None or row.value is None else row.value for row in here])
        scores.append(values)
        ends = [(row.low, row.high) if row else (None, None) for row in here]
        errors.append(np.array([0.0 if a is None or b is None else (b - a) / 2 / 1.96 for a, b in ends]))
        silent = [source for source, value in zip(decision.sources, values, strict=True) if np.isnan(value)]
        if len(silent) == len(values):
            reasons[_name(decision, decisions)] = "it says nothing"
        elif silent:
            reasons[_name(decision, decisions)] = f"it says nothing of {', '.join(silent)}"
        elif np.ptp(values) == 0:
            reasons[_name(decision, decisions)] = "it says the same of every source"
    return _Ranker(title or name, title is not None, scores, errors, reasons)


def _constants(rows: Sequence[Said], decisions: Sequence[Decision], board: Sequence[Decision]) -> list[_Ranker]:
    plain = [np.zeros(len(d.sources)) for d in decisions]
    habit = [np.array([float(s == "imagenet") for s in d.sources]) for d in decisions]
    found = [_Ranker(IMAGENET, True, habit, plain, {})] if any(map(np.any, habit)) else []
    if any(row.measure == SOURCE_SIZE for row in rows):
        found.append(_measured(SOURCE_SIZE, rows, decisions, SIZE))
    found.append(_Ranker(STATIC, True, [static(d, board) for d in decisions], plain, {}))
    return [*found, _Ranker(RANDOM, True, plain, plain, {}), _Ranker(ORACLE, True, [d.values for d in decisions], plain, {})]


class _Court:
    """Hears rankers about the same decisions: with the same luck for all, so that they can be compared."""

    def __init__(self, decisions: Sequence[Decision], experiment: str) -> None:
        self.decisions, self.seed = decisions, zlib.crc32(experiment.encode())
        self.points: dict[str, np.ndarray] = {}  # (decisions, statistics)
        self.noisy: dict[str, np.ndarray] = {}  # (decisions, replicates, statistics)

    def hear(self, ranker: _Ranker) -> None:
        """Work out the statistics of every decision, as measured and under the noise of seeds and scores."""
        points, noisy = [], []
        for i, decision in enumerate(self.decisions):
            point = _statistics(ranker, decision, decision.values[None], ranker.scores[i][None])
            copies = np.tile(point, (REPLICATES, 1))
            if decision.noisy or ranker.errors[i].any():
                rng = np.random.default_rng([self.seed, i])
                values = draws(decision.measured, rng, REPLICATES).astype(float)
                scores = ranker.scores[i] + ranker.errors[i] * rng.standard_normal(values.shape)
                copies = _statistics(ranker, decision, values, values if ranker.name == ORACLE else scores)
            points.append(point[0])
            noisy.append(copies)
        self.points[ranker.name], self.noisy[ranker.name] = np.array(points), np.array(noisy)

    def judged(self, ranker: _Ranker) -> Judged:
        """Everything about one ranker, once all have been heard."""
        points = self.points[ranker.name]
        p, p_mean = self._chance(ranker, points)
        targets = {
            _name(d, self.decisions): {
                name: _figure(points[i, k], _ends(self.noisy[ranker.name][i, :, k]), p[i, k])
                for k, name in enumerate(STATISTICS)
            }
            for i, d in enumerate(self.decisions)
        }
        noisy = self.noisy[ranker.name]
        mean = {
            name: self._over_targets(points[:, k], noisy[:, :, k], p_mean[k], BOUNDS[k]) for k, name in enumerate(STATISTICS)
        }
        lead = self._lead(ranker.name) if not ranker.constant else Figure(None)
        judged = int(np.isfinite(points[:, STATISTICS.index("regret_1")]).sum())
        return Judged(ranker.name, ranker.constant, judged, mean, targets, lead, ranker.reasons)

    def _over_targets(self, points: np.ndarray, noisy: np.ndarray, p: float, bounds: np.ndarray) -> Figure:
        """The mean of a statistic, (decisions,), with replicates (decisions, replicates) under the luck inside targets."""
        mean = float(_mean(points))
        figures = _by_target(points, self.decisions)
        figures, drawn = figures[np.isfinite(figures)], _mean(noisy)
        if len(figures) < 2:
            return _figure(mean, _ends(drawn), p)
        inside = drawn[np.isfinite(drawn)]
        low, high = mean_interval(figures, float(inside.std()) if len(inside) else 0.0)
        moved = mean - figures.mean()  # a target counts once for each of its backbones in the mean
        ends = float(max(low + moved, bounds[0])), float(min(high + moved, bounds[1]))
        return _figure(mean, ends if ends[0] < ends[1] else None, p)

    def _lead(self, name: str) -> Figure:
        ours, theirs = (_by_target(self.points[one][:, 0], self.decisions) for one in (name, STATIC))
        both = np.isfinite(ours) & np.isfinite(theirs)
        if not both.any():
            return Figure(None)
        points, noisy = (kept[name][..., 0] - kept[STATIC][..., 0] for kept in (self.points, self.noisy))
        p = np.nan
        if both.sum() > 1:
            p = stats.permutation_test(
                (ours[both], theirs[both]), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
                vectorized=True, alternative="greater", rng=np.random.default_rng(self.seed),
            ).pvalue  # fmt: skip
        return self._over_targets(points, noisy, p, np.array((-2, 2)))

    def _chance(self, ranker: _Ranker, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p-values of each decision and of the mean; none for what was not to be an order, or is by definition one."""
        p = np.full(points.shape, np.nan)
        if ranker.name in {RANDOM, ORACLE}:
            return p, p[0]
        rng, total, counted = np.random.default_rng(self.seed), [], []
        for i, decision in enumerate(self.decisions):
            if not np.isfinite(points[i]).any():
                continue
            chance = null(decision.values, ranker.scores[i], decision.top)
            p[i] = p_values(points[i], chance, exact=_all_orders(ranker.scores[i], chance))
            counted.append(i)
            total.append(chance[rng.integers(len(chance), size=DRAWS)])
        if len(counted) == 1:
            return p, p[counted[0]]
        return p, p_values(_mean(points), _mean(np.array(total)), exact=False) if total else p[0]


def _all_orders(scores: np.ndarray, chance: np.ndarray) -> bool:
    return len(chance) == math.factorial(int(np.isfinite(scores).sum()))


def _statistics(ranker: _Ranker, decision: Decision, values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(m, 5); a draw at random is expected to agree with nothing, and a habit names one source only."""
    if ranker.name == RANDOM:
        return np.column_stack([np.zeros((len(values), 2)), choose(values, scores, decision.top)])
    found = judge(values, scores, decision.top)
    found[:, :2] = np.nan if ranker.name in CHOICES_ONLY else found[:, :2]
    return found


def _mean(figures: np.ndarray) -> np.ndarray:
    """Over the first axis, of what is defined; NaN where nothing is."""
    able = np.isfinite(figures)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(able, figures, 0).sum(axis=0) / able.sum(axis=0))


def _by_target(figures: np.ndarray, decisions: Sequence[Decision]) -> np.ndarray:
    """One figure for each target: backbones of one target are no further evidence."""
    names = list(dict.fromkeys(d.target for d in decisions))
    return np.array([_mean(figures[[d.target == name for d in decisions]]) for name in names])


def _ends(drawn: np.ndarray) -> tuple[float, float] | None:
    """The middle 95 % of draws; None where they do not vary."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn) or np.ptp(drawn) == 0:
        return None
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _figure(value: float, ends: tuple[float, float] | None, p: float) -> Figure:
    if not np.isfinite(value):
        return Figure(None)
    low, high = ends or (None, None)
    return Figure(float(value), low, high, None if np.isnan(p) else float(p))


def _corrected(found: Sequence[Judged]) -> list[Judged]:
    """Holm over the measures, for each statistic of the means and for the leads; constants are no members of the family."""
    measures = [row for row in found if not row.constant]
    figures = {row.name: {**row.mean, "lead": row.lead} for row in measures}
    for name in (*STATISTICS, "lead"):
        p = holm(
            np.array([np.nan if figures[row.name][name].p is None else figures[row.name][name].p for row in measures], float)
        )
        for row, one in zip(measures, p, strict=True):
            figures[row.name][name] = replace(figures[row.name][name], p_holm=None if np.isnan(one) else float(one))
    return [
        replace(row, lead=figures[row.name].pop("lead"), mean=figures[row.name]) if row in measures else row for row in found
    ]


def _verdict(found: Sequence[Judged]) -> str:
    leads = [row for row in found if row.lead.p_holm is not None]
    if not leads:
        return "without the static mean rank, which takes two targets, nothing can be said of which measure leads"
    ahead = [row.name for row in leads if row.lead.p_holm is not None and row.lead.p_holm < 0.05]
    if ahead:
        return f"{', '.join(ahead)}: ahead of the static mean rank in weighted tau (95 % for all measures at once)"
    return "no measure is ahead of the static mean rank in weighted tau (95 % for all measures at once)"


def _notes(decisions: Sequence[Decision]) -> list[str]:
    single = _of([d for d in decisions if d.top is None], decisions)
    blind = _of([d for d in decisions if d.measured.images is None], decisions)
    notes = []
    if single is not None:
        notes.append(f"one seed{single}: top tie groups are not known, and the luck of seeds is in no interval")
    if blind is not None:
        notes.append(f"the sampling error of the test images{blind} is in no interval")
    if len({d.target for d in decisions}) < MANY:
        notes.append(FEW)
    return notes


def _of(some: Sequence[Decision], decisions: Sequence[Decision]) -> str | None:
    """Which they are; nothing if it is all of them, None if there are none."""
    if not some:
        return None
    return "" if len(some) == len(decisions) else f" of {', '.join(_name(d, decisions) for d in some)}"
