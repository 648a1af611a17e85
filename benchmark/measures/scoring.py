"""Score every pair of a plan by every measure, without training; one record for each source, target and backbone.

Pretrainings that are missing come first. Pairs are then scored in this process, or in several processes side by side, which
changes no key (see benchmark.measures.processes).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from benchmark.execution.delivery import deliver, hand_over
from benchmark.execution.execute import pretraining_outcomes
from benchmark.execution.fit import check_sizes, feature_uses
from benchmark.execution.leakage import find_leaks
from benchmark.execution.prepare import check_names, require_sizes
from benchmark.execution.pretraining_records import adopt
from benchmark.execution.privacy import prepare_key
from benchmark.execution.records import finished_keys, frame_of
from benchmark.execution.selection import selection_of
from benchmark.execution.watch import Run, Watch
from benchmark.machine.meter import Meter
from benchmark.measures.fetching import Gatherer
from benchmark.measures.inputs import ScoreSettings
from benchmark.measures.pair_scores import PairWork, Ranks, measures_of, missing_pretrainings, pair_of
from benchmark.measures.processes import ENOUGH, side_by_side
from benchmark.specs.candidates import backbones_in, brought_by
from benchmark.specs.measure import Measure
from benchmark.specs.resolved import ResolvedPlan
from results.board.board import make_board
from results.board.request import RunQuery
from results.error import CatsError
from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.writer import Writer, close_abandoned

WITHOUT_NETWORK = {"source", "elsewhere", "rng", "labels"}  # needs for which no network sees an image


def check_plan(resolved: ResolvedPlan) -> None:
    """Raises CatsError for a wrong measure, and where networks do not take the plan's images, or targets have too few.

    A new experiment is created only after this, so that no empty one is left behind.
    """
    if any(need not in WITHOUT_NETWORK for measure in measures_of(resolved.plan).values() for need in measure.needs):
        check_sizes(feature_uses(resolved))
    require_sizes(resolved.plan.subsample, resolved.targets, resolved.points[0].size)


def score_plan(setting: ScoreSettings, writer: Writer, watch: Watch, processes: int = 1) -> Run:
    """Score every pair that no run of the experiment has scored in the same way. See also check_plan.

    Pretrained weights that a pair needs and that are missing are made first. `processes`: how many score pairs side by side.
    Raises CatsError for a wrong name, for data that are not on this machine, and if MLflow refuses at the start; later failures
    are recorded, and the other pairs go on.
    """
    plan = setting.plan.plan
    check_names(plan.country, backbones_in(setting.plan.candidates), brought_by(setting.plan.sources))
    prepare_key(setting.plan.sources, setting.plan.targets)
    measures = measures_of(plan)
    tracking, outbox = writer.tracking, writer.outbox
    adopt(outbox, plan.experiment)
    writer.tidy()
    waiting = {outcome.record.key for _, outcome in outbox if outcome.record.status == "finished"}
    deliver(writer)
    close_abandoned(tracking)
    finished = finished_keys(tracking) | waiting
    setting = replace(setting, plan=find_leaks(setting.plan, watch.begins))
    elsewhere = ranks_elsewhere(setting.plan, tracking)
    asked = list(names_of_pairs(setting.plan))
    state = Run(cells=len(asked), done=0)
    for made in _outcomes(asked, measures, finished, (setting, elsewhere), (watch, state), processes):
        (outcome,) = hand_over([made], writer)
        state.made += outcome.record.kind == "score" and outcome.record.status == "finished"
        watch.ended(outcome.record, state)
        if outcome.record.status == "failed":
            state.failed.append(outcome.record)
        if outcome.record.status == "interrupted":
            state.interrupted = True
            if outcome.record.kind == "pretraining":
                return state
    state.waiting, state.refused = outbox.count, len(writer.refused)
    return state


def names_of_pairs(resolved: ResolvedPlan) -> Iterator[tuple[str, str, str]]:
    """Source, target and backbone of every pair of a plan, except pairs that share images, unless the plan allows leakage."""
    for target in resolved.plan.targets:
        for source, backbone in resolved.candidates:
            if resolved.runs(source, target):
                yield source, target, backbone


def ranks_elsewhere(resolved: ResolvedPlan, tracking: Experiment) -> dict[str, dict[str, float]]:
    """Target → source → mean rank on the other targets of the plan, as far as their cells have been run."""
    plan = resolved.plan
    try:
        query = RunQuery(plan.experiment, plan.metric, plan.rule, selection_of(resolved))
        board = make_board(frame_of(tracking), query)
    except CatsError:
        return {}
    means: dict[str, dict[str, float]] = {}
    for target in plan.targets:
        ranks: dict[str, list[int]] = {}
        for other, rows in board.targets.items():
            for row in rows if other != target else ():
                ranks.setdefault(row.source, []).append(row.rank)
        means[target] = {source: math.fsum(each) / len(each) for source, each in ranks.items()}
    return means


def _outcomes(
    asked: list[tuple[str, str, str]],
    measures: Mapping[str, Measure],
    finished: set[str],
    given: tuple[ScoreSettings, Ranks],
    told: tuple[Watch, Run],
    processes: int,
) -> Iterator[Outcome]:
    """The records of all pretrainings that the pairs need, then those of the pairs that are not finished; counts the others."""
    (setting, elsewhere), (watch, state) = given, told
    plan, pretrained, works = setting.plan.plan, set[str](), list[PairWork]()
    for names in asked:
        pair = pair_of(setting, elsewhere, names)
        watch.begins(str(pair))
        for before in missing_pretrainings(pair.inputs, measures):
            if before.key not in pretrained:
                pretrained.add(before.key)
                yield from pretraining_outcomes(before, plan.experiment, Meter(plan.country, setting.device))
        work = PairWork(pair, measures)
        if work.attempt.key in finished:
            state.done += 1
        else:
            works.append(work)
    number = min(processes, len(works) // ENOUGH)
    if number > 1:
        yield from side_by_side(works, given, number, watch.begins)
        return
    gatherer = Gatherer()
    while works:
        work = works.pop(0)  # its inputs are given back once it has been scored
        watch.begins(str(work.pair))
        outcome = work.outcome(gatherer)
        yield outcome
        if outcome.record.status == "interrupted":
            return
