"""`cats score`: scores sources by measures of transferability."""

from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import whole
from benchmark.cli.options import DATABASE, Device, DeviceOption, Format, PlanArgument, TrackingOption, aside
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say
from benchmark.execution.records import outbox_of

if TYPE_CHECKING:
    from benchmark.execution.watch import Run
    from benchmark.measures.inputs import ScoreSettings
    from benchmark.specs.resolved import ResolvedPlan
    from results.tracking.experiment import Experiment

app = typer.Typer()


@app.command()
def score(
    plan: PlanArgument,
    tracking_uri: TrackingOption = DATABASE,
    device: DeviceOption = Device.auto,
    images: Annotated[
        int, typer.Option(parser=whole(10, 10**6), help="Largest number of images of each target and source.")
    ] = 1000,
    draws: Annotated[int, typer.Option(parser=whole(10, 10**5), help="Number of bootstrap resamples for each interval.")] = 50,
    neutral: Annotated[
        str, typer.Option(help="Source whose network embeds both data sets when their images are compared.")
    ] = "imagenet",
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
) -> None:
    """Score every source on every target by measures of transferability, without training; a new call resumes."""
    from benchmark.machine.cpu_work import cores, foreign_cores
    from benchmark.machine.threads import sleep_if_crowded

    sleep_if_crowded(foreign_cores(), cores())  # before torch is loaded

    from benchmark.execution.leakage import leak_sentences
    from benchmark.execution.prepare import check_names
    from benchmark.execution.records import frame_of
    from benchmark.execution.resolution import resolve_plan
    from benchmark.machine.device import device_of
    from benchmark.machine.signals import exit_code, stop_on_signal
    from benchmark.measures.inputs import ScoreSettings
    from benchmark.measures.scoring import check_plan
    from benchmark.specs.plan import assumed_country, load_plan
    from results.agreement.advice import score_advice
    from results.agreement.scores import ScoresText, read_scores
    from results.tracking.experiment import Experiment
    from results.tracking.frame import left_out

    loaded = load_plan(plan)
    check_names(loaded.country, loaded.backbones)
    try:
        with stop_on_signal():
            resolved = _searched(resolve_plan(loaded, tracking_uri))
            check_plan(resolved)
            setting = ScoreSettings(resolved, str(device_of(device.value)), images, draws, neutral)
            tracking = Experiment(tracking_uri, loaded.experiment)
            state = _score_plan(setting, tracking)
    except KeyboardInterrupt:
        say(f"stopped; nothing finished is lost. Resume with: cats score {plan}")
        raise typer.Exit(exit_code()) from None
    for sentence in leak_sentences(resolved.leaks, allowed=loaded.allow_leakage):
        say(sentence)
    say(f"{state.cells} pairs: {state.done} were scored, {state.made} scored now, {len(state.failed)} attempts failed")
    for sentence in assumed_country(loaded.country, loaded.model_fields_set) if state.made else ():
        say(sentence)
    for record in state.failed:
        say(f"  failed: {record.kind} {state.name(record)}: {record.reason}")
    if state.interrupted:
        say(f"stopped; nothing finished is lost. Resume with: cats score {plan}")
        raise typer.Exit(exit_code())
    _require_sent(state, plan)
    if state.done + state.made:
        wanted = {(s, t) for s in loaded.sources for t in loaded.targets}
        frame = frame_of(tracking)
        for sentence in left_out(frame):
            say(sentence)
        rows = [row for row in read_scores(frame, loaded.experiment) if (row.source, row.target) in wanted]
        print_as(ScoresText(rows, score_advice(rows, frame, plan)), form)
    if state.failed:
        raise typer.Exit(1)


def _require_sent(state: "Run", plan: str) -> None:
    """End the command if MLflow does not have every record: a table without them would be incomplete."""
    if state.waiting:
        say(f"{state.waiting} records wait in the outbox; `cats sync {plan}` sends them")
    if state.refused:
        say(aside(state.refused, plan))
    if state.waiting or state.refused:
        raise typer.Exit(2)


def _searched(resolved: "ResolvedPlan") -> "ResolvedPlan":
    """The plan with the leaks of all pairs. Raises CatsError if no pair is left, before an experiment is created."""
    from benchmark.cli.progress import Progress
    from benchmark.execution.leakage import find_leaks, require_cells

    with Progress() as watch:
        resolved = find_leaks(resolved, watch.begins)
    require_cells(resolved.cells(), resolved.plan.experiment, resolved.leaks)
    return resolved


def _score_plan(setting: "ScoreSettings", tracking: "Experiment") -> "Run":
    from benchmark.cli.progress import Progress
    from benchmark.measures.scoring import score_plan
    from results.tracking.lease import Lease
    from results.tracking.writer import Writer

    outbox = outbox_of(tracking.uri, setting.plan.plan.experiment)
    with Lease(tracking, outbox, say) as lease, Progress() as watch:
        return score_plan(setting, Writer(tracking, outbox, lease), watch)
