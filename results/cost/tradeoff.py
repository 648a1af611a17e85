"""What a way of choosing a source loses against what it costs: from always the same source, over measures, to the full sweep.

Regret of a target: the test metric of its best source minus that of the source chosen, both means over seeds.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from results.agreement.decisions import Decision
from results.agreement.rankers import OWN_ROWS, SIZE
from results.agreement.replicates import REPLICATES, Replicates, defined_mean
from results.agreement.scores import SIZE as SOURCE_SIZE
from results.board.candidates import choice_notes, plain_source
from results.board.request import CHOICES, SEEDS, Judging, RunQuery
from results.cost.amount import Amount, add
from results.cost.bill import UNMEASURED, Bill
from results.cost.front import hypervolume, on_front
from results.cost.regret import (
    SourceValues,
    drawn_regrets,
    measure_scores,
    measured_decisions,
    ordering,
    regrets,
    source_sizes,
    values_of,
)
from results.error import CatsError
from results.metrics import metric_of
from results.statistics.bounded import interval_over_targets

log = logging.getLogger(__name__)
CONSTANT = "imagenet"
SWEEP = "full sweep"
MADE = "all runs that were made"  # the same where some pair was not run, or a choice has tried a few runs
CHANCE = "any source"
ALWAYS = f"always {CONSTANT}"
FREE = Amount(figures=1)
HABITS = (CHANCE, ALWAYS, SIZE)  # look at no image of the target, and cost nothing


@dataclass(frozen=True)
class Way:
    """A way to choose the source of each target.

    Attributes:
        regret, low, high: mean over `targets` targets, and its 95 % interval, which is that of `cats agree`; None where nothing
            is known of the error: with one target, without several seeds and predictions.
        kwh: energy of the choice for all targets; None if a part of it is missing.
        known: the part of it that is known: all, or a lower bound; None if nothing is known.
        rough: whether some of `known` may be counted more than once, so that it is no bound.
        without: how many attempts have no energy reading.
        front: whether no other way that is judged on the same targets beats this one in cost and regret.
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
        """Whether `known` is a lower bound."""
        return self.kwh is None and self.known is not None and not self.rough


@dataclass(frozen=True)
class Tradeoff:
    """All ways, cheapest first, and the share of the rectangle from (0 kWh, no regret) to `reference` that they dominate.

    Attributes:
        targets: number of targets on which the ways are compared. with_regret: number of targets whose regret is known.
        sources: number of sources. shared_over: number of targets that a pretraining is shared over.
        reference: known kWh of the full sweep, mean regret of any source; None, as the hypervolume, if no energy is known.
        bound: the kWh of `reference` are a lower bound, and so is the hypervolume: if the sweep costs more, every other way is
            cheaper beside it, and ways of unknown cost can only add.
        rough: the energy of some way may be counted more than once, so that it and the hypervolume are approximate.
        sweep: the name of the way that looks at all runs: SWEEP if every pair was run, else MADE. A choice has no hypervolume.
        apart: sentences that architecture and source cannot be told apart, as a board says them.
    """

    experiment: str
    metric: str
    targets: int
    with_regret: int
    sources: int
    shared_over: int
    ways: list[Way]
    reference: tuple[float, float] | None
    hypervolume: float | None
    bound: bool
    rough: bool
    apart: list[str] = field(default_factory=list)
    sweep: str = SWEEP

    @property
    def partial(self) -> list[Way]:
        """The ways that choose nothing on some of the targets on which the others are compared: never on the front."""
        return [way for way in self.ways if way.targets < self.targets]


def make_tradeoff(
    frame: pd.DataFrame,
    bill: Bill,
    query: RunQuery,
    judging: Judging = SEEDS,
    say: Callable[[str], object] = log.warning,
) -> Tradeoff:
    """The ways of choosing that the runs in `frame` (see Experiment.frame) cover, without the pairs that the query keeps apart.

    The full sweep chooses by the validation figure of the rule, as a person would; test images judge and choose nothing.
    Every way but the constants pays, besides its own work, the pretrainings' share of these targets: a source must exist
    before it can be scored. Constants that were scored like measures (rankers.OWN_ROWS) have one row and cost nothing; the mean
    rank on other targets is no way, because it needs the sweep of those. Ways are compared on the same targets, see
    `comparable`; a way that chooses nothing on some of them is judged on the rest and kept off the front.
    `say` gets a sentence about each run that is left out because its predictions cannot be used.
    Raises CatsError if no target has two sources with that metric.
    """
    decisions, validation = measured_decisions(frame, query, judging, say)
    if not decisions:
        raise CatsError(
            f"experiment '{bill.experiment}' has no target with {query.metric} of two sources or more: there is no regret"
        )
    truth, choices = values_of(decisions), _choices(frame, query, decisions, validation)
    costs = _costs(bill, choices.keys() - {*HABITS, SWEEP})
    lost = {name: regrets(truth, choice.scores) for name, choice in choices.items()}
    common = comparable(list(lost.values()))
    judge = _Judge(query, decisions, common)
    chosen = query.experiment.startswith(CHOICES)
    name_of = {SWEEP: MADE if chosen or not _every_pair(frame, query, decisions) else SWEEP}
    ways = [
        judge.way(name_of.get(name, name), by, choices[name], costs.get(name, FREE))
        for name, by in lost.items() if common & by.keys()
    ]  # fmt: skip
    ways.sort(key=lambda way: (way.kwh is None, way.known is None, way.known or 0.0, way.regret, way.name))
    points = [(way.kwh if way.targets == len(common) else None, way.regret) for way in ways]
    marked = [replace(way, front=front) for way, front in zip(ways, on_front(points), strict=True)]
    blind = next(way for way in ways if way.name == CHANCE).regret
    sources = len({source for decision in decisions for source in decision.sources})
    sweep = costs[SWEEP]
    reference = (sweep.known, blind) if sweep.known else None
    able = reference is not None and blind > 0 and not chosen
    volume = hypervolume([(k, r) for k, r in points if k is not None], reference) if reference and able else None
    rough = any(way.rough for way in ways)
    bound = sweep.kwh is None and reference is not None and not rough
    return Tradeoff(
        bill.experiment,
        query.metric,
        len(common),
        len(decisions),
        sources,
        bill.shared_over,
        marked,
        reference,
        volume,
        bound,
        rough,
        choice_notes({decision.target: decision.sources for decision in judge.decisions if not decision.backbone}),
        name_of[SWEEP],
    )


def _every_pair(frame: pd.DataFrame, query: RunQuery, decisions: Sequence[Decision]) -> bool:
    """Whether each source has a run on each target, but for pairs that share images."""
    leaks = frame[frame["leak"].notna()] if "leak" in frame else frame[:0]
    apart = {*query.apart, *zip(leaks["source"], leaks["target"], strict=True)} if len(leaks) else set(query.apart)
    sources = {source for decision in decisions for source in decision.sources}
    return all(
        (plain_source(source), decision.target) in apart or plain_source(source) == decision.target
        for decision in decisions
        for source in sources - set(decision.sources)
    )


@dataclass(frozen=True)
class _Choice:
    """The scores by which a way chooses, and their standard errors where these are known."""

    scores: SourceValues
    errors: SourceValues


def _choices(
    frame: pd.DataFrame, query: RunQuery, decisions: Sequence[Decision], validation: SourceValues
) -> dict[str, _Choice]:
    """Name of each way → what it chooses by."""
    truth, (scores, errors) = values_of(decisions), measure_scores(frame, query)
    habit = {t: {s: float(plain_source(s) == CONSTANT) for s in row} for t, row in truth.items()}
    choices = {
        CHANCE: _Choice({t: dict.fromkeys(row, 0.0) for t, row in truth.items()}, {}),
        SWEEP: _Choice(validation, {}),
        ALWAYS: _Choice({t: row for t, row in habit.items() if any(row.values())}, {}),
        SIZE: _Choice(ordering(truth, source_sizes(frame, query.metric, scores.get(SOURCE_SIZE, {}))), {}),
    }
    measures = {n: _Choice(ordering(truth, scores[n]), errors[n]) for n in scores.keys() - OWN_ROWS}
    return choices | measures


def _costs(bill: Bill, measures: Iterable[str]) -> dict[str, Amount]:
    """The cost of each way that is not free."""
    before = [bill.pretraining_share()] if bill.pretrainings else []
    scored = {name: add([*before, bill.measures.get(name, UNMEASURED)]) for name in measures}
    return {SWEEP: add([*before, *bill.sources.values()])} | scored


def comparable(lost: Sequence[Mapping[str, float]]) -> set[str]:
    """The targets on which ways are compared.

    Among the sets of targets on which some way chooses, the one that maximises (number of targets) × (number of ways that
    choose on all of them). All targets would leave out every measure without a score on one of them; the targets of all ways
    may be none, and would judge every way on less because of one.
    """
    sets = [frozenset(by_target) for by_target in lost if by_target]
    weights = {targets: len(targets) * sum(targets <= other for other in sets) for targets in sets}
    return set(max(weights, key=lambda targets: (weights[targets], len(targets), sorted(targets)), default=()))


class _Judge:
    """Judges ways on the targets on which they are compared, with the same replicates as `cats agree`."""

    def __init__(self, query: RunQuery, decisions: Sequence[Decision], common: set[str]) -> None:
        self.metric, self.replicates = metric_of(query.metric).oriented_bounds, Replicates(query.experiment)
        self.decisions = [decision for decision in decisions if decision.target in common]

    def way(self, name: str, lost: Mapping[str, float], choice: _Choice, cost: Amount) -> Way:
        """The way whose regret on each target is `lost`."""
        on = [decision for decision in self.decisions if decision.target in lost]
        values, drawn = np.array([lost[decision.target] for decision in on]), []
        for decision, value in zip(on, values, strict=True):
            scores, errors = choice.scores[decision.target], choice.errors.get(decision.target, {})
            replicated = drawn_regrets(decision, scores, errors, self.replicates, self.metric)
            drawn.append(np.full(REPLICATES, value) if replicated is None else replicated)
        limits = (0.0, self.metric[1] - self.metric[0])
        ends = interval_over_targets(float(values.mean()), values, defined_mean(np.array(drawn)), limits)
        low, high = ends or (None, None)
        return Way(
            name, float(values.mean()), low, high, len(on), cost.kwh, cost.known or cost.kwh, cost.rough, cost.without
        )  # fmt: skip
