"""Scores every pair of a plan by every measure, without training; one record for each source, target and backbone."""

import inspect
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from benchmark import catalogue
from benchmark.attempt import Attempt
from benchmark.digest import digest
from benchmark.energy import Meter
from benchmark.evidence import Chosen, Evidence, Setting
from benchmark.make import make_pretraining
from benchmark.measure import Measure, Score
from benchmark.plan import Plan
from benchmark.runner import Run, Watch, check_names, deliver, pretrainings
from benchmark.runs import frame_of
from benchmark.wanted import wanted
from results.board import make_board
from results.error import CatsError
from results.outbox import Outbox
from results.record import Outcome
from results.tracking import Tracking


def measures_of(plan: Plan) -> dict[str, Measure]:
    """The measures that a plan names, by the name it gives them; all there are if it names none. Raises CatsError."""
    return {name: catalogue.measure(name) for name in plan.measures or catalogue.names("similarity")}


def appraise(setting: Setting, tracking: Tracking, outbox: Outbox, watch: Watch) -> Run:
    """Score every pair that no run of the experiment has scored in the same way.

    What a pair needs and has not got (pretrained weights) is made first. Raises CatsError for a wrong plan, and if MLflow
    refuses at the start; what fails later is recorded and the rest goes on.
    """
    plan = setting.plan
    check_names(plan)
    measures = measures_of(plan)
    deliver(tracking, outbox)
    tracking.close_abandoned()
    finished = tracking.finished_keys() | {o.record.key for _, o in outbox if o.record.status == "finished"}
    asked = list(pairs(plan))
    state = Run(cells=len(asked), done=0)
    elsewhere = ranks_elsewhere(plan, tracking)
    held: tuple[str, Chosen] | None = None
    for source, target, backbone in asked:
        watch.begins(f"{source} → {target}, {backbone}")
        if held is None or held[0] != target:
            held = target, setting.target(target)
        # A board of several backbones calls its rows "source on backbone".
        ranks = {name.removesuffix(f" on {backbone}"): rank for name, rank in elsewhere.get(target, {}).items()}
        evidence = Evidence(setting, held[1], plan.start(source, backbone, plan.seeds[0]), ranks)
        outcomes = _pair(evidence, measures, (source, target), finished, setting)
        for outcome in outcomes:
            outbox.put(outcome)
            deliver(tracking, outbox)
            watch.ended(outcome.record, state)
            if outcome.record.status == "failed":
                state.failed.append(outcome.record)
            if outcome.record.status == "interrupted":
                state.interrupted = True
                return state
            state.made += outcome.record.kind == "score" and outcome.record.status == "finished"
    state.done = state.cells - state.made - len([r for r in state.failed if r.kind == "score"])
    state.waiting = sum(1 for _ in outbox)
    return state


def pairs(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """(source, target, backbone), but for pairs of one family of data sets, which a plan may allow."""
    refused = plan.refused()
    for target in plan.targets:
        for backbone in plan.backbones:
            for source in plan.sources:
                if (source, target) not in refused:
                    yield source, target, backbone


def ranks_elsewhere(plan: Plan, tracking: Tracking) -> dict[str, dict[str, float]]:
    """Target → source → mean rank on the plan's other targets, as far as they have been run."""
    frame = frame_of(tracking)
    try:
        board = make_board(frame, plan.experiment, plan.metric, plan.rule, wanted(plan))
    except CatsError:
        return {}
    found: dict[str, dict[str, float]] = {}
    for target in plan.targets:
        ranks: dict[str, list[int]] = {}
        for other, rows in board.targets.items():
            for row in rows if other != target else ():
                ranks.setdefault(row.source, []).append(row.rank)
        found[target] = {source: math.fsum(given) / len(given) for source, given in ranks.items()}
    return found


def _pair(
    evidence: Evidence, measures: Mapping[str, Measure], names: tuple[str, str], finished: set[str], setting: Setting
) -> Iterator[Outcome]:
    """The record of a pair, after those of the pretrainings that it needs."""
    plan, start = setting.plan, evidence.start
    key = digest(["score", evidence.identity, {name: _described(measure) for name, measure in measures.items()}])
    if key in finished:
        return
    for before in pretrainings(start):
        yield make_pretraining(before, plan.experiment, Meter(plan.country, setting.device))
    settings = {"measures": ";".join(measures), "images": str(setting.most), "draws": str(setting.draws)}
    settings |= {"neutral": setting.neutral, "size": str(setting.recipe.size)}
    attempt = Attempt(
        "score", key, digest(settings),
        {"source": names[0], "target": names[1], "backbone": start.backbone, "seed": str(plan.seeds[0])},
        settings, plan.experiment,
    )  # fmt: skip
    attempt.facts |= {"data": evidence.target.dataset.digest(), "start": start.key}
    meter = Meter(plan.country, setting.device)
    yield attempt.run(meter, lambda: _score(evidence, measures, meter, attempt))


def _described(measure: Measure) -> list[object]:
    """What decides a measure's value: its code and its options."""
    return [inspect.getsource(inspect.getmodule(measure.function) or measure.function), sorted(measure.options.items())]


def _score(evidence: Evidence, measures: Mapping[str, Measure], meter: Meter, attempt: Attempt) -> None:
    reasons: dict[str, str] = {}
    given: dict[str, Any] = {}
    said: dict[str, str] = {}
    with meter.phase("features"):
        for need in sorted({need for measure in measures.values() for need in measure.needs}):
            try:
                given[need] = evidence.of(need)
            except CatsError as error:
                reasons[need] = str(error)
        draws = evidence.draws
    for name, measure in measures.items():
        lacking = [reasons[need] for need in measure.needs if need in reasons]
        if lacking:
            score = Score(float("nan"), reason=lacking[0])
        else:
            with meter.phase(f"measure_{name}"):
                score = measure.score({need: given[need] for need in measure.needs}, draws)
        attempt.validation |= {f"measure_{name}": score.value}
        if score.low is not None and score.high is not None:
            attempt.validation |= {f"measure_{name}_low": score.low, f"measure_{name}_high": score.high}
        if score.reason is not None:
            said[name] = score.reason[:150]
    attempt.facts["reasons"] = json.dumps(said)
