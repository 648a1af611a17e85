"""The test metric of each source at each number of training images, and its advantage over a baseline such as scratch.

Runs of one number of training images are compared with each other, as on a board; means and intervals are those of the boards
of these numbers, and the rule chooses among the points of a grid within each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from results.board.request import SEEDS, Judging, RunQuery
from results.board.sizes import PER_CLASS
from results.board.standings import without_odd_runs
from results.data_size.gather import gather
from results.data_size.measured import Measured, measured_of
from results.error import CatsError, nearest
from results.metrics import metric_of, width_of
from results.statistics.crossing import Crossing, crossing, half_widths
from results.statistics.intervals import intervals

BASELINE = "scratch"


@dataclass(frozen=True)
class SizePoint:
    """One source at one number of training images.

    Attributes:
        size: the number as a plan states it. images: how many these are.
        mean, low, high: mean of the metric over seeds with its 95 % interval, as on the board of this number.
        advantage, advantage_low, advantage_high: by how much the source is better than the baseline, with its 95 % interval;
            None of the baseline itself, and where it was not measured.
        worth: the number of images with which the baseline reaches what the source reaches here.
        pairs: number of seeds that the source and the baseline both have here; None as `advantage`.
    """

    size: str
    images: float
    mean: float
    low: float | None
    high: float | None
    seeds: int
    advantage: float | None = None
    advantage_low: float | None = None
    advantage_high: float | None = None
    worth: Crossing | None = None
    pairs: int | None = None


@dataclass(frozen=True)
class SizeCurve:
    """One source on one target.

    Attributes:
        points: in ascending order of the images.
        crossing: the number of images at which the advantage over the baseline becomes nil; None of the baseline itself, and
            where fewer than two numbers of images have both.
        backbone: the source is compared with the baseline on this backbone.
        seeds: number of seeds that all numbers of images have in pairs, on which the crossing rests.
    """

    source: str
    points: list[SizePoint]
    crossing: Crossing | None = None
    is_baseline: bool = False
    backbone: str = ""
    seeds: int = 0

    def beside(self, every: "Sequence[SizeCurve]") -> list[SizePoint]:
        """The points of the baseline with which this source is compared, of all curves of its target; may be empty."""
        return next((each.points for each in every if each.is_baseline and each.backbone == self.backbone), [])


@dataclass(frozen=True)
class DataSizes:
    """Curves over the number of training images.

    Attributes:
        targets: target → the curve of each source by name, baselines last.
        rule: chose the epochs and among the points of a grid.
        per_class: the numbers that the plan states are those of each class.
    """

    experiment: str
    metric: str
    baseline: str
    targets: dict[str, list[SizeCurve]]
    notes: list[str] = field(default_factory=list)
    rule: str = "min_val_loss"
    per_class: bool = False


def make_curves(frame: pd.DataFrame, query: RunQuery, judging: Judging = SEEDS, baseline: str = BASELINE) -> DataSizes:
    """The curves of the runs in `frame` (see results.tracking.experiment.Experiment.frame).

    Raises CatsError if the runs have fewer than two numbers of training images, or if the baseline has no run.
    """
    runs, notes = gather(frame, query)
    known = sorted(set(map(str, runs["plain"])))
    if baseline not in known:
        raise CatsError(f"the baseline '{baseline}' has no finished run; --baseline names another{nearest(baseline, known)}")
    targets, order = {}, query.selection.targets if query.selection is not None else sorted(set(map(str, runs["target"])))
    for target in (name for name in order if (runs["target"] == name).any()):
        name = f"{query.experiment}/{target} over training images"
        make = partial(measured_of, name=name, metric=query.metric, judging=judging)
        measured, _ = without_odd_runs(runs[runs["target"] == target], make, notes.append)
        notes += [] if measured.note is None else [f"{target}: {measured.note}"]
        targets[target] = _curves(measured, query.metric, baseline)
    said, per_class = list(dict.fromkeys(notes)), bool(runs[PER_CLASS].any())
    return DataSizes(query.experiment, query.metric, baseline, targets, said, query.rule, per_class)


def _curves(measured: Measured, metric: str, baseline: str) -> list[SizeCurve]:
    means, made = _means(measured, metric), []
    for source, places in measured.sources.items():
        points = [means[place] for place in places]
        if source.plain == baseline:
            made.append(SizeCurve(source.label, points, is_baseline=True, backbone=source.backbone))
            continue
        beside = next((at for other, at in measured.sources.items() if other.is_baseline_of(source, baseline)), [])
        curve = SizeCurve(source.label, points, backbone=source.backbone)
        made.append(_compared(measured, metric, curve, places, beside))
    return sorted(made, key=lambda curve: (curve.is_baseline, curve.source))


def _means(measured: Measured, metric: str) -> list[SizePoint]:
    """The mean and the interval of each source at each number of images, as on the board of this number."""
    sign, results = metric_of(metric).sign, measured.results
    ends = np.sort([sign * end for end in intervals(results, metric_of(metric).oriented_bounds)], axis=0).T
    points = []
    for place, (values, mean) in enumerate(zip(results.values, results.means, strict=True)):
        low, high = (None, None) if np.isnan(ends[place]).any() else map(float, ends[place])
        size, images = measured.sizes[place]
        points.append(SizePoint(size, images, sign * float(mean), low, high, len(values)))
    return points


def _compared(measured: Measured, metric: str, curve: SizeCurve, places: Sequence[int], beside: Sequence[int]) -> SizeCurve:
    """The curve with its advantage over the baseline, whose places are `beside`."""
    of_size = {measured.sizes[place][0]: place for place in beside}
    both = [(place, of_size[measured.sizes[place][0]]) for place in places if measured.sizes[place][0] in of_size]
    points = []
    for place, point in zip(places, curve.points, strict=True):
        pair = [each for each in both if each[0] == place]
        worth = _crossing(measured, [(place, other) for other in beside])
        points.append(replace(_advantage(measured, metric, point, pair), worth=worth))
    seeds = len(measured.common_seeds(both)) if both else 0
    return replace(curve, points=points, crossing=_crossing(measured, both), seeds=seeds)


def _advantage(measured: Measured, metric: str, point: SizePoint, pair: Sequence[tuple[int, int]]) -> SizePoint:
    found = measured.differences(pair) if pair else None
    if found is None:
        return point
    mean, half, most = float(found.by_seed.mean()), float(half_widths(found, np.eye(1))[0]), width_of(metric)
    ends = (max(mean - half, -most), min(mean + half, most)) if np.isfinite(half) else (None, None)
    return replace(point, advantage=mean, advantage_low=ends[0], advantage_high=ends[1], pairs=len(found.by_seed))


def _crossing(measured: Measured, pairs: Sequence[tuple[int, int]]) -> Crossing | None:
    """Where the differences of pairs of places become nil, in numbers of images; None for fewer than two pairs."""
    found = measured.differences(pairs) if len(pairs) > 1 else None
    if found is None:
        return None
    on_log, measured_at = crossing(found), [measured.sizes[other][1] for _, other in pairs]
    exact = dict(zip(found.places.tolist(), measured_at, strict=True))  # the exponential of a logarithm is another number
    numbers = [float(number) for number in (on_log.place, on_log.low, on_log.high)]
    return Crossing(*(exact.get(each, float(np.exp(each))) if np.isfinite(each) else each for each in numbers))
