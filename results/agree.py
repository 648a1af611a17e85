"""Measures judged as decisions: had the source been chosen by them, how good would the choice have been?"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from results.decision import Decision, static
from results.error import CatsError
from results.judge import STATISTICS, choose, holm, judge, null, p_values, tails
from results.measures import SIZE as SOURCE_SIZE
from results.measures import Said

REPLICATES = 400  # of one target, where seeds or images leave a doubt
DRAWS = 2000  # of targets
IMAGENET, STATIC, SIZE, RANDOM, ORACLE = "always imagenet", "static mean rank", "largest source", "random", "oracle"
OWN_ROWS = {"imagenet_always", "static_rank", "random", SOURCE_SIZE}  # measures that are constants: rows of their own
CHOICES_ONLY = {IMAGENET}  # name one source and order nothing


@dataclass(frozen=True)
class Figure:
    """A statistic with its 95 % interval and its one-sided p-value against random order; None where none can be given."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True)
class Judged:
    """One measure, or one constant: rules that look at no image of the target.

    Attributes:
        mean, targets: statistic → figure, over the targets on which it is defined, and of each target.
        judged: on how many targets it chooses. reasons: target → why it does not, or which sources it says nothing of.
        lead: mean weighted tau minus that of the static mean rank on the same targets; its p is that of a paired permutation
            test over targets, so that few targets carry no lead, however large.
    """

    name: str
    constant: bool
    judged: int
    mean: dict[str, Figure]
    targets: dict[str, dict[str, Figure]]
    lead: Figure
    reasons: dict[str, str]


@dataclass(frozen=True)
class Agreement:
    """What `cats agree` shows. `notes` are sentences."""

    experiment: str
    metric: str
    targets: list[str]
    rows: list[Judged]
    verdict: str
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return asdict(self)


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
        luck = np.random.default_rng(self.seed)
        names = list(dict.fromkeys(d.target for d in decisions))
        place = np.array([names.index(d.target) for d in decisions])
        drawn = luck.integers(len(names), size=(DRAWS, len(names)))
        counts = np.stack([np.bincount(row, minlength=len(names)) for row in drawn])
        self.weights = counts[:, place][:, :, None].astype(float)  # (draws, decisions, 1)
        self.pick = luck.integers(REPLICATES, size=(DRAWS, len(decisions)))
        self.several = len(names) > 1
        self.points: dict[str, np.ndarray] = {}  # (decisions, statistics)
        self.noisy: dict[str, np.ndarray] = {}  # (decisions, replicates, statistics)

    def hear(self, ranker: _Ranker) -> None:
        """Work out the statistics of every decision, as measured and under the noise of seeds and scores."""
        points, noisy = [], []
        for i, decision in enumerate(self.decisions):
            point = _statistics(ranker, decision, decision.values[None], ranker.scores[i][None])
            copies = np.tile(point, (REPLICATES, 1))
            if decision.errors.any() or ranker.errors[i].any():
                luck = np.random.default_rng([self.seed, i])
                shape = (REPLICATES, len(decision.sources))
                values = decision.values + decision.errors * luck.standard_normal(shape)
                scores = ranker.scores[i] + ranker.errors[i] * luck.standard_normal(shape)
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
                name: _figure(points[i, k], self.noisy[ranker.name][i, :, k], p[i, k]) for k, name in enumerate(STATISTICS)
            }
            for i, d in enumerate(self.decisions)
        }
        means, drawn = _mean(points), self._drawn(ranker.name)
        counts = np.isfinite(_by_target(points, self.decisions)).sum(axis=0)
        mean = {name: _figure(means[k], drawn[:, k], p_mean[k], int(counts[k])) for k, name in enumerate(STATISTICS)}
        lead = self._lead(ranker.name) if not ranker.constant else Figure(None)
        judged = int(np.isfinite(points[:, STATISTICS.index("regret_1")]).sum())
        return Judged(ranker.name, ranker.constant, judged, mean, targets, lead, ranker.reasons)

    def _drawn(self, name: str, minus: str | None = None) -> np.ndarray:
        """The means under the two-level bootstrap, targets first, then the noise of each, (draws, statistics)."""
        at = np.arange(len(self.decisions))
        figures = self.noisy[name][at, self.pick]  # (draws, decisions, statistics)
        if minus is not None:
            figures = figures - self.noisy[minus][at, self.pick]
        able = np.isfinite(figures)
        with np.errstate(invalid="ignore"):
            return np.asarray((np.where(able, figures, 0) * self.weights).sum(axis=1) / (able * self.weights).sum(axis=1))

    def _lead(self, name: str) -> Figure:
        ours, theirs = (_by_target(self.points[one][:, 0], self.decisions) for one in (name, STATIC))
        both = np.isfinite(ours) & np.isfinite(theirs)
        if not both.any():
            return Figure(None)
        mean, drawn, p = _mean(self.points[name] - self.points[STATIC])[0], self._drawn(name, STATIC)[:, 0], np.nan
        if both.sum() > 1:
            p = stats.permutation_test(
                (ours[both], theirs[both]), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
                vectorized=True, alternative="greater", rng=np.random.default_rng(self.seed),
            ).pvalue  # fmt: skip
        return _figure(mean, drawn, p, int(both.sum()))

    def _chance(self, ranker: _Ranker, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p-values of each decision and of the mean; none for what was not to be an order, or is by definition one."""
        p = np.full(points.shape, np.nan)
        if ranker.name in {RANDOM, ORACLE}:
            return p, p[0]
        luck, total, counted = np.random.default_rng(self.seed), [], []
        for i, decision in enumerate(self.decisions):
            if not np.isfinite(points[i]).any():
                continue
            chance = null(decision.values, ranker.scores[i], decision.top)
            p[i] = p_values(points[i], chance, exact=_all_orders(ranker.scores[i], chance))
            counted.append(i)
            total.append(chance[luck.integers(len(chance), size=5 * DRAWS)])
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


def _figure(value: float, drawn: np.ndarray, p: float, targets: int | None = None) -> Figure:
    """With the interval of draws; of `targets` together, where they are given."""
    if not np.isfinite(value):
        return Figure(None)
    drawn = drawn[np.isfinite(drawn)]
    low, high = None, None
    if len(drawn) and np.ptp(drawn) > 0:
        ends = (0.025, 0.975) if targets is None or targets < 2 else tails(targets)
        low, high = (float(end) for end in np.quantile(drawn, ends))
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
    notes = []
    single = [_name(d, decisions) for d in decisions if d.top is None]
    if single:
        where = "" if len(single) == len(decisions) else f" of {', '.join(single)}"
        notes.append(f"one seed{where}: top tie groups are not known, and the luck of seeds is in no interval")
    if len({d.target for d in decisions}) < 6:
        notes.append("few targets: an interval over them is too narrow rather than too wide")
    return notes
