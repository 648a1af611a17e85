"""What a way of choosing a source loses against what it costs: from always the same source, over measures, to the full sweep.

Regret of a target: the test metric of its best source minus that of the source chosen, both means over seeds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.agreement.judge import OWN_ROWS, SIZE
from results.agreement.scores import PREFIX
from results.agreement.scores import SIZE as SOURCE_SIZE
from results.board.request import RunQuery
from results.board.rules import COLUMNS, chosen, rule_of
from results.cost.amount import Amount, add
from results.cost.bill import UNMEASURED, Bill
from results.error import CatsError
from results.metrics import metric_of
from results.record import metric_name
from results.statistics.rank_agreement import mean_interval

CONSTANT = "imagenet"
SWEEP = "full sweep"
CHANCE = "any source"
ALWAYS = f"always {CONSTANT}"
FREE = Amount(figures=1)
HABITS = (CHANCE, ALWAYS, SIZE)  # look at no image of the target, and cost nothing


@dataclass(frozen=True)
class Way:
    """A way to choose the source of each target.

    Attributes:
        regret, low, high: mean over `targets` targets, and its 95 % interval over them (rank_agreement); none for one.
        kwh: what the choice costs for all targets; None if a part of it is missing.
        known: what is known of that: all, or a lower bound; None if nothing is. rough: some of it may be counted more than
            once, so that it is neither. without: how many attempts do not say what they took.
        front: of those judged on the same targets no other way costs no more and loses no more (and one of the two less).
    """

    name: str
    regret: float
    low: float | None
    high: float | None
    targets: int
    kwh: float | None
    known: float | None
    rough: bool = False
    without: int = 0
    front: bool = False

    @property
    def bound(self) -> bool:
        """Whether what is known is a lower bound."""
        return self.kwh is None and self.known is not None and not self.rough


@dataclass(frozen=True)
class Tradeoff:
    """All ways, cheapest first, and the share of the rectangle from (0 kWh, no regret) to `reference` that they dominate.

    Attributes:
        targets: on how many ways are compared. told: on how many regret can be told.
        reference: what is known of the kWh of the full sweep, mean regret of any source; None, and with it the hypervolume, if
            nothing is known.
        bound: the kWh of `reference` are a lower bound, and so is the hypervolume: with a dearer sweep every other way is the
            cheaper beside it, and ways of unknown cost can only add.
        rough: the energy of a way may hold some of it more than once: it is about so much, and so is the hypervolume.
    """

    experiment: str
    metric: str
    targets: int
    told: int
    sources: int
    shared_over: int
    ways: list[Way]
    reference: tuple[float, float] | None
    hypervolume: float | None
    bound: bool
    rough: bool

    @property
    def partial(self) -> list[Way]:
        """Those that say nothing of some of the targets on which the others are compared: never on the front."""
        return [way for way in self.ways if way.targets < self.targets]


def make_tradeoff(frame: pd.DataFrame, bill: Bill, query: RunQuery) -> Tradeoff:
    """The ways that the runs in `frame` (see Tracking.frame) can tell of, without the pairs that the query keeps apart.

    The full sweep chooses by the validation figure of `rule`, as a person would; test images judge and choose nothing.
    Every way but the constants pays, besides its own work, the pretrainings' share of these targets: a source has to be
    there to be looked at. Constants that were scored like measures (judge.OWN_ROWS) stand once and are free; the mean
    rank on other targets is none of the ways, for it takes the sweep of those. Ways are compared on the same targets, see
    `comparable`; one that says nothing of some of them is judged on the rest and kept off the front.
    Raises CatsError if no target has two sources with that metric.
    """
    truth, validation = figures(frame, query)
    if not truth:
        raise CatsError(
            f"experiment '{bill.experiment}' has no target with {query.metric} of two sources or more: no regret to tell"
        )
    before, said = [bill.pretraining_share()] if bill.pretrainings else [], scores(frame)
    habit = {t: {s: float(_plain(s) == CONSTANT) for s in row} for t, row in truth.items()}
    lost = {
        CHANCE: {t: float(np.mean([max(row.values()) - v for v in row.values()])) for t, row in truth.items()},
        SWEEP: regrets(truth, validation),
        ALWAYS: regrets(truth, {t: row for t, row in habit.items() if any(row.values())}),
        SIZE: regrets(truth, sizes(frame, said.get(SOURCE_SIZE, {}))),
    }
    sweep = add([*before, *bill.sources.values()])
    prices = {SWEEP: sweep}
    for name in said.keys() - OWN_ROWS:
        lost[name], prices[name] = regrets(truth, said[name]), add([*before, bill.measures.get(name, UNMEASURED)])
    common = comparable(list(lost.values()))
    ways = [_way(name, {t: v for t, v in found.items() if t in common}, prices.get(name, FREE)) for name, found in lost.items()]
    kept = [way for way in ways if way.targets]
    kept.sort(key=lambda way: (way.kwh is None, way.known is None, way.known or 0.0, way.regret, way.name))
    points = [(way.kwh if way.targets == len(common) else None, way.regret) for way in kept]
    front = on_front(points)
    marked = [Way(**{**vars(way), "front": flag}) for way, flag in zip(kept, front, strict=True)]
    blind = next(way for way in kept if way.name == CHANCE).regret
    sources = len({s for row in truth.values() for s in row})
    reference = (sweep.known, blind) if sweep.known else None
    volume = hypervolume([(k, r) for k, r in points if k is not None], reference) if reference and blind > 0 else None
    rough = any(way.rough for way in kept)
    bound = sweep.kwh is None and reference is not None and not rough
    shared_over = bill.shared_over
    return Tradeoff(
        bill.experiment, query.metric, len(common), len(truth), sources, shared_over, marked, reference, volume, bound, rough
    )


def comparable(lost: Sequence[Mapping[str, float]]) -> set[str]:
    """The targets on which ways are compared: of the sets that a way says something of, the one with most ways times targets.

    All targets would leave out every measure that is silent on one, and those that all ways share may be none: by one silent
    way all others would be judged on less.
    """
    sets = [frozenset(found) for found in lost if found]
    weights = {targets: len(targets) * sum(targets <= other for other in sets) for targets in sets}
    return set(max(weights, key=lambda targets: (weights[targets], len(targets), sorted(targets)), default=()))


Figures = dict[str, dict[str, float]]  # target → source → figure, higher is better


def _plain(label: str) -> str:
    return label.split(" on ", maxsplit=1)[0]


def _labelled(runs: pd.DataFrame, several: bool) -> pd.DataFrame:
    source = runs["source"].astype(str)
    return runs.assign(source=source + " on " + runs["backbone"].astype(str) if several else source)


def figures(frame: pd.DataFrame, query: RunQuery) -> tuple[Figures, Figures]:
    """Test metric, and validation figure of the rule, of each target's sources: means over seeds, higher is better.

    Of each seed the point of the grid counts that the rule chooses. Left out are pairs that share images, by their record or
    because the query keeps them apart, and targets with one source. With several backbones a source is one on a backbone.
    """
    metric, rule, column = query.metric, query.rule, f"test_{query.metric}"
    runs = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")]
    runs = runs.reindex(columns=list(dict.fromkeys([*map(str, runs), *COLUMNS, "point", "leak", "started", column])))
    pairs = zip(runs["source"], runs["target"], strict=True)
    clean = pd.Series([pair not in query.apart for pair in pairs], index=runs.index, dtype=bool)
    runs = chosen(runs[runs["leak"].isna() & clean].dropna(subset=[column]), rule, metric)
    runs = _labelled(runs, runs["backbone"].nunique() > 1)
    runs = runs.assign(truth=runs[column] * metric_of(metric).sign, held=-rule_of(rule).figure(runs, metric))
    means = runs.groupby(["target", "source"])[["truth", "held"]].mean()
    found: tuple[Figures, Figures] = ({}, {})
    for (target, source), truth, held in means.itertuples(name=None):
        for place, value in zip(found, (truth, held), strict=True):
            if math.isfinite(value):
                place.setdefault(str(target), {})[str(source)] = float(value)
    return {t: row for t, row in found[0].items() if len(row) > 1}, found[1]


def scores(frame: pd.DataFrame) -> dict[str, Figures]:
    """Measure → target → source → what it said last; higher is better. What it said nothing of is not there.

    Nor is a target on which it says the same of every source: that chooses nothing (results.agreement.judge refuses it too).
    """
    runs = frame[(frame["kind"] == "score") & (frame["status"] == "FINISHED")]
    if not len(runs):
        return {}
    runs = _labelled(runs.sort_values("started"), frame.loc[frame["kind"] == "cell", "backbone"].nunique() > 1)
    asked = runs["measures"].fillna("").str.split(";")
    names = dict.fromkeys(name for some in asked for name in some if metric_name(f"{PREFIX}{name}") in runs)
    found: dict[str, Figures] = {name: {} for name in names}
    for name in names:
        newest = runs[[name in some for some in asked]].drop_duplicates(["source", "target"], keep="last")
        columns = ["source", "target", metric_name(f"{PREFIX}{name}")]
        for source, target, value in newest[columns].itertuples(index=False, name=None):
            if math.isfinite(value):
                found[name].setdefault(str(target), {})[str(source)] = float(value)
    return {name: _choosing(said) for name, said in found.items()}


def _choosing(said: Figures) -> Figures:
    return {t: row for t, row in said.items() if len(row) == 1 or len(set(row.values())) > 1}


def sizes(frame: pd.DataFrame, said: Figures) -> Figures:
    """Target → source → log of its images plus one: what the measure `source_size` said, else what imported runs bring."""
    cells = frame[frame["kind"] == "cell"]
    found: Figures = {}
    if "source_images" in cells:
        runs = _labelled(cells, cells["backbone"].nunique() > 1).dropna(subset=["source_images"]).sort_values("started")
        for target, source, images in runs[["target", "source", "source_images"]].itertuples(index=False, name=None):
            found.setdefault(str(target), {})[str(source)] = math.log1p(int(images))
    return _choosing({target: found.get(target, {}) | said.get(target, {}) for target in found.keys() | said.keys()})


def regrets(truth: Figures, said: Figures) -> dict[str, float]:
    """Target → regret of the source that `said` puts first; the mean of those that share the first place.

    Only sources whose truth is known can be chosen; a target of which nothing is said is left out.
    """
    found = {}
    for target, row in truth.items():
        here = {s: v for s, v in said.get(target, {}).items() if s in row}
        if here:
            first = [row[s] for s, v in here.items() if v == max(here.values())]
            found[target] = max(row.values()) - math.fsum(first) / len(first)
    return found


def _way(name: str, lost: Mapping[str, float], cost: Amount) -> Way:
    values = np.array([lost[target] for target in sorted(lost)])
    price = (cost.kwh, cost.known or cost.kwh, cost.rough, cost.without)
    if not len(values):
        return Way(name, math.nan, None, None, 0, *price)
    low, high = None, None
    if len(values) > 1:
        low, high = map(float, mean_interval(values))
        low = max(low, 0.0)
    return Way(name, float(values.mean()), low, high, len(values), *price)


def on_front(points: Sequence[tuple[float | None, float]]) -> list[bool]:
    """Which points no other one dominates; less is better in both. A point whose cost is unknown is never one of them."""
    known = [(k, r) for k, r in points if k is not None]
    return [
        k is not None and not any(a <= k and b <= r and (a < k or b < r) for a, b in known) for k, r in points
    ]  # fmt: skip


def hypervolume(points: Sequence[tuple[float, float]], reference: tuple[float, float]) -> float:
    """The share, 0 to 1, of the rectangle from (0, 0) to `reference` that the points dominate; less is better in both."""
    width, height = reference
    area, lowest = 0.0, height
    for k, r in sorted(points):
        if k < width and r < lowest:
            area += (width - k) * (lowest - r)
            lowest = r
    return area / (width * height)
