"""The pairs of a plan are scored by measures of transferability, without training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.answers.as_run import as_run
from benchmark.answers.door import Door
from benchmark.answers.run import failures
from benchmark.execution.records import frame_of, outbox_of
from benchmark.execution.watch import Run
from benchmark.specs.plan import Plan
from benchmark.specs.resolved import ResolvedPlan
from results.agreement.scores import ScoresText, read_scores
from results.text.counts import how_many
from results.tracking.frame import left_out


@dataclass(frozen=True)
class How:
    """How pairs are scored.

    Attributes:
        uri: address of the MLflow server or database.
        device: auto, cpu or cuda.
        images: largest number of images of each target and source.
        draws: number of bootstrap resamples for each interval.
        neutral: the source whose network embeds both data sets when their images are compared.
        workers: how many processes score pairs side by side, one thread each; None: as many as cores and memory allow.
        shares: whether resamples hold the shares of the classes ("held") or draw them too ("drawn").
    """

    uri: str
    device: str = "auto"
    images: int = 1000
    draws: int = 50
    neutral: str = "imagenet"
    workers: int | None = None
    shares: Literal["held", "drawn"] = "held"


def score_pairs(plan: Plan, how: How, door: Door) -> tuple[Run, ResolvedPlan]:
    """What was done, and the plan with the leaks of all pairs.

    Raises CatsError if the plan cannot be scored, and KeyboardInterrupt if a signal comes before the first pair.
    """
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.execution.prepare import check_names
    from benchmark.execution.resolution import resolve_plan
    from benchmark.machine.device import device_of
    from benchmark.measures.enough_to_score import too_few_for_measures
    from benchmark.measures.inputs import ScoreSettings
    from benchmark.measures.pair_scores import measures_of
    from benchmark.measures.processes import number_of_processes
    from benchmark.measures.scoring import check_plan, score_plan
    from benchmark.specs.candidates import backbones_in
    from benchmark.specs.plan import own_backbones
    from benchmark.specs.plan_facts import plan_text
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.plan_run import fold
    from results.tracking.writer import Writer

    check_names(plan.country, plan.backbones or backbones_in(plan.candidates), own_backbones(plan))
    resolved = _searched(resolve_plan(plan, how.uri), door)
    check_plan(resolved)
    settings = ScoreSettings(resolved, str(device_of(how.device)), how.images, how.draws, how.neutral, how.shares)
    with door.progress() as watch:
        few = too_few_for_measures(settings, measures_of(plan), watch.begins)
    for sentence in few:
        door.say(sentence)
    tracking = Experiment(how.uri, plan.experiment)
    outbox = outbox_of(how.uri, plan.experiment)
    with Lease(tracking, outbox, door.say) as lease, door.progress() as watch:
        processes = how.workers or number_of_processes(how.images, settings.recipe.size)
        fold(tracking, plan_text(as_run(plan, tracking)))  # options of `cats run` stay known
        return score_plan(settings, Writer(tracking, outbox, lease), watch, processes), resolved


def _searched(resolved: ResolvedPlan, door: Door) -> ResolvedPlan:
    """The plan with the leaks of all pairs. Raises CatsError if no pair is left, before an experiment is created."""
    from benchmark.execution.leakage import find_leaks, require_cells

    with door.progress() as watch:
        resolved = find_leaks(resolved, watch.begins)
    require_cells(resolved.cells(), resolved.plan.experiment, resolved.leaks)
    return resolved


def sentences_of(state: Run, resolved: ResolvedPlan) -> Iterator[str]:
    """What one call has scored."""
    from benchmark.execution.leakage import leak_sentences
    from benchmark.specs.plan import assumed_country
    from results.board.candidates import absences

    plan = resolved.plan
    yield from leak_sentences(resolved.leaks, allowed=plan.allow_leakage)
    yield from absences(resolved.absent)
    scored = how_many(state.done, "was scored", "were scored")
    failed = how_many(len(state.failed), "attempt")
    yield f"{how_many(state.cells, 'pair')}: {scored}, {state.made:,} scored now, {failed} failed"
    if state.made:
        yield from assumed_country(plan.country, plan.model_fields_set)
    yield from failures(state)


def require_teachers(plan: Plan, uri: str, names: Sequence[str]) -> None:
    """Raises CatsError, before anything is scored, if what is named cannot teach; this plan may have no scores yet."""
    from benchmark.answers.learned import reader_beside, teachers_of
    from results.agreement.learned import require_families

    read = reader_beside(uri, plan.metric, lambda _: None)  # what is said of them is said once, after scoring
    others = [name for name in names if read(name).query.experiment != plan.experiment]
    teachers = teachers_of(others, read)
    if others and others == list(names):
        require_families(teachers)


def scores_after(resolved: ResolvedPlan, uri: str, name: str, learn_from: Sequence[str] = ()) -> tuple[ScoresText, list[str]]:
    """The scores of the pairs of a plan, and sentences about runs that are left out.

    name: how a command names the plan. learn_from: plans or experiments whose boards teach one more measure.
    Raises CatsError if too few targets teach.
    """
    from results.agreement.advice import score_advice
    from results.tracking.experiment import Experiment

    plan = resolved.plan
    pairs = [(*candidate, target) for target in plan.targets for candidate in resolved.candidates]
    place = {pair: number for number, pair in enumerate(pairs)}  # records are in the order in which pairs ended
    frame = frame_of(Experiment(uri, plan.experiment))
    found = [((row.source, row.backbone, row.target), row) for row in read_scores(frame, plan.experiment)]
    rows = [row for pair, row in sorted((one for one in found if one[0] in place), key=lambda one: place[one[0]])]
    advice, notes = score_advice(rows, frame, name), left_out(frame)
    if learn_from:
        from benchmark.answers.learned import learn_scores, reader_beside
        from results.agreement.learned import rows_of
        from results.agreement.learned_text import basis, first_places

        made = learn_scores(rows, learn_from, reader_beside(uri, plan.metric, notes.append))
        rows, advice = [*rows, *rows_of(made, prediction=True)], [*basis(made), *first_places(made), *advice]
    return ScoresText(rows, advice), notes
