"""Score every pair of a plan by every measure, without training; one record for each source, target and backbone.

Scores are stored under CATS_HOME by the digest of everything that decides them, so another measure in a plan, or new cells on
the board, cost only what they change. If files or weights are not on this machine, the record says so, the score is not stored,
and the pair is tried again in the next call. An undefined score is a result.
"""

import json
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from threadpoolctl import threadpool_limits

from benchmark.data.identity import data_digest
from benchmark.execution.attempt import Attempt, Result
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
from benchmark.measures.code_digest import code_digest
from benchmark.measures.failure import failure
from benchmark.measures.fetching import Gathered, Gatherer
from benchmark.measures.inputs import MeasureInputs, ScoreSettings
from benchmark.measures.score_cache import load_score, save_score
from benchmark.specs import catalogue
from benchmark.specs.candidates import backbones_in, brought_by
from benchmark.specs.job import pretrainings
from benchmark.specs.measure import Measure, Score
from benchmark.specs.plan import Plan
from benchmark.specs.resolved import ResolvedPlan
from benchmark.specs.start import Start
from results.board.board import make_board
from results.board.request import RunQuery
from results.error import CatsError, DiskError
from results.files.atomic import NO_SPACE
from results.files.digest import digest
from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.writer import Writer, close_abandoned

log = logging.getLogger(__name__)
WITHOUT_NETWORK = {"source", "elsewhere", "rng", "labels"}  # needs for which no network sees an image
FEW = 5000  # below this number of images, threads of linear algebra wait for each other longer than they compute


def measures_of(plan: Plan) -> dict[str, Measure]:
    """The measures that a plan names, by their names in the plan; all existing ones if it names none. Raises CatsError."""
    return {name: catalogue.measure(name) for name in plan.measures or catalogue.names("similarity")}


def check_plan(resolved: ResolvedPlan) -> None:
    """Raises CatsError for a wrong measure, and where networks do not take the plan's images, or targets have too few.

    A new experiment is created only after this, so that no empty one is left behind.
    """
    if any(need not in WITHOUT_NETWORK for measure in measures_of(resolved.plan).values() for need in measure.needs):
        check_sizes(feature_uses(resolved))
    require_sizes(resolved.plan.subsample, resolved.targets, resolved.points[0].size)


def score_plan(setting: ScoreSettings, writer: Writer, watch: Watch) -> Run:
    """Score every pair that no run of the experiment has scored in the same way. See also check_plan.

    Pretrained weights that a pair needs and that are missing are made first. Raises CatsError for a wrong name, for data that
    are not on this machine, and if MLflow refuses at the start; later failures are recorded, and the other pairs go on.
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
    asked = list(pairs(setting, ranks_elsewhere(setting.plan, tracking)))
    state, gatherer = Run(cells=len(asked), done=0), Gatherer()
    for pair in asked:
        watch.begins(str(pair))
        for made in _outcomes(pair, measures, finished, setting, gatherer):
            (outcome,) = hand_over([made], writer)
            watch.ended(outcome.record, state)
            if outcome.record.status == "failed":
                state.failed.append(outcome.record)
            if outcome.record.status == "interrupted":
                state.interrupted = True
                return state
            state.made += outcome.record.kind == "score" and outcome.record.status == "finished"
    state.done = state.cells - state.made - len([r for r in state.failed if r.kind == "score"])
    state.waiting, state.refused = outbox.count, len(writer.refused)
    return state


@dataclass(frozen=True)
class Pair:
    """A source and a target with the inputs of measures. leak: one sentence about the images they share, or None."""

    source: str
    target: str
    inputs: MeasureInputs
    leak: str | None

    def __str__(self) -> str:
        return f"{self.source} → {self.target}, {self.inputs.start.backbone}"


def pairs(setting: ScoreSettings, elsewhere: Mapping[str, Mapping[str, float]]) -> Iterator[Pair]:
    """Every pair of a plan, except pairs that share images, unless the plan allows leakage."""
    resolved, plan = setting.plan, setting.plan.plan
    for target in plan.targets:
        chosen = setting.target(target)
        for source, backbone in resolved.candidates:
            if resolved.runs(source, target):
                # A board of several backbones calls its rows "source on backbone".
                ranks = {name.removesuffix(f" on {backbone}"): rank for name, rank in elsewhere.get(target, {}).items()}
                start = resolved.starts[source, backbone][plan.seeds[0]]
                leak = resolved.leaks.get((source, target))
                yield Pair(source, target, MeasureInputs(setting, chosen, start, ranks), leak)


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
    pair: Pair, measures: Mapping[str, Measure], finished: set[str], setting: ScoreSettings, gatherer: Gatherer
) -> Iterator[Outcome]:
    """The records of the pretrainings that a pair needs, then its own record."""
    plan, inputs = setting.plan.plan, pair.inputs
    for before in _pretrainings(inputs, measures):
        yield from pretraining_outcomes(before, plan.experiment, Meter(plan.country, setting.device))
    settings = {"measures": ";".join(measures), "images": str(setting.most), "draws": str(setting.draws)}
    settings |= {"neutral": setting.neutral, "size": str(setting.recipe.size)}
    work = _Work(inputs, measures, Meter(plan.country, setting.device), gatherer)
    key = digest(["score", pair.target, list(work.keys.values())])
    if key in finished:
        return
    facts = {"data": data_digest(inputs.target.dataset), "start": inputs.start.key}
    if pair.leak is not None:
        facts["leak"] = pair.leak
    attempt = Attempt(
        "score", key, digest(settings),
        {"source": pair.source, "target": pair.target, "backbone": inputs.start.backbone, "seed": str(plan.seeds[0])},
        settings, plan.experiment, facts,
    )  # fmt: skip
    yield attempt.run(work.meter, work.results)


def _pretrainings(inputs: MeasureInputs, measures: Mapping[str, Measure]) -> list[Start]:
    """The pretrainings that are still missing, also that of the neutral network if a measure needs it and it is possible."""
    needed = pretrainings(inputs.start)
    if any("neutral" in need for measure in measures.values() for need in measure.needs):
        try:
            needed += pretrainings(inputs.neutral)
        except CatsError:
            # the scores of the measures that need the network hold the reason
            log.info("there is no neutral network for %s", inputs.start.backbone)
    return list({start.key: start for start in needed}.values())


@dataclass
class _Work:
    """The measures of one pair. keys: the key of each measure's score; None if its inputs have no digest."""

    pair_inputs: MeasureInputs
    measures: Mapping[str, Measure]
    meter: Meter
    gatherer: Gatherer
    keys: dict[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = {name: self._key(measure) for name, measure in self.measures.items()}

    def _key(self, measure: Measure) -> str | None:
        try:
            return digest([self.pair_inputs.identity(measure.needs), code_digest(measure), sorted(measure.options.items())])
        except CatsError:
            return None

    def results(self) -> Iterator[Result]:
        """Yield the scores so far after each measure: computed now, or read from the cache.

        If an input is not on this machine, the last result is incomplete, and the pair is scored again once the input is there.
        """
        stored = {name: load_score(key) for name, key in self.keys.items() if key is not None}
        new = {name: measure for name, measure in self.measures.items() if stored.get(name) is None}
        needs = {need for measure in new.values() for need in measure.needs}
        found = self.gatherer.gather(self.pair_inputs, needs, self.meter) if new else Gathered()
        figures: dict[str, float] = {}
        reasons: dict[str, str] = {}
        for name, measure in self.measures.items():
            before = stored.get(name)
            if before is not None:
                score, figures[f"seconds_measure_{name}"] = before
            else:
                score = self._score(name, measure, found)
            figures[f"measure_{name}"] = score.value
            if score.low is not None and score.high is not None:
                figures |= {f"measure_{name}_low": score.low, f"measure_{name}_high": score.high}
            if score.reason is not None:
                reasons[name] = score.reason
            yield Result(validation=dict(figures))
        incomplete = "; ".join(f"{need}: {found.absent[need]}" for need in sorted(needs & found.absent.keys())) or None
        yield Result(facts={"reasons": json.dumps(reasons)}, validation=figures, incomplete=incomplete)

    def _score(self, name: str, measure: Measure, found: Gathered) -> Score:
        reasons = {**found.undefined, **found.absent}
        missing = [reasons[need] for need in measure.needs if need in reasons]
        if missing:
            return Score(float("nan"), reason=missing[0])
        try:
            few = len(self.pair_inputs.target.rows) < FEW
            with self.meter.phase(f"measure_{name}"), threadpool_limits(1 if few else None, "blas"):
                score = measure.score({need: found.inputs[need] for need in measure.needs}, self.pair_inputs.draws)
        except Exception as error:  # a failing measure, perhaps of another author, must not stop the others
            full = isinstance(error, OSError) and error.errno in NO_SPACE
            if full or isinstance(error, DiskError | MemoryError):  # says nothing of the measure: the attempt is repeated
                raise
            log.info("measure %s failed", name, exc_info=True)
            return Score(float("nan"), reason=failure(error))
        key = self.keys[name]
        if key is not None:
            save_score(key, score, self.meter.costs[-1].seconds)
        return score
