"""`cats run` and `cats sync`: train the cells of a plan, and send their records to MLflow."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli.again import larger, named, resume
from benchmark.cli.engine import LOCAL, DevicesOption, EngineOption, SchedulerOption, WorkersOption
from benchmark.cli.numbers import LIMIT, PROCESSES, number
from benchmark.cli.options import (
    DATABASE,
    RECORDS_WAIT,
    CO2eOption,
    Device,
    DeviceOption,
    ExperimentArgument,
    Format,
    HoursOption,
    KwhOption,
    PlanArgument,
    TrackingOption,
)
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import print_line, say
from results.error import CatsError
from results.text.counts import how_many
from results.text.hidden import shown

app = typer.Typer()


class Keep(StrEnum):
    """Which trained networks are stored."""

    none = "none"
    best = "best"
    all = "all"


@app.command()
def run(
    plan: PlanArgument,
    tracking_uri: TrackingOption = DATABASE,
    device: DeviceOption = Device.auto,
    pack: Annotated[
        int, typer.Option(parser=PROCESSES, help="Number of seeds of a cell that one device trains at the same time.")
    ] = 1,
    kwh: KwhOption = None,
    hours: HoursOption = None,
    co2e_kg: CO2eOption = None,
    cells: Annotated[
        int | None,
        typer.Option("--cells", parser=LIMIT, help="Budget: number of finished cells, including those of earlier calls."),
    ] = None,
    engine: EngineOption = LOCAL,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
    devices: DevicesOption = None,
    keep: Annotated[
        Keep | None, typer.Option(help="Which trained networks are stored for `cats keep`; by default what the plan says.")
    ] = None,
    adaptive: Annotated[
        bool, typer.Option("--adaptive", help="Run seeds only where it is open which source of a target is best.")
    ] = False,
    level: Annotated[
        float | None,
        typer.Option(parser=number, help="With --adaptive: probability that an answer is right, 0.95 by default."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(parser=number, help="With --adaptive: a source is also decided upon if no other one is better by this."),
    ] = None,
) -> None:
    """Train and test every cell of a plan that is not done yet, then show the board; a new call resumes."""
    from benchmark.answers.engines import engine_of
    from benchmark.answers.run import How, board_after, run_plan, sentences_of
    from benchmark.cli.progress import door
    from benchmark.execution.adaptive_terms import terms_from
    from benchmark.execution.engine import EngineOptions
    from benchmark.execution.resolution import resolve_plan
    from benchmark.machine.signals import exit_code, stop_on_signal
    from benchmark.specs.plan import load_plan, require_networks

    loaded = load_plan(plan).limited(kwh=kwh, hours=hours, co2e_kg=co2e_kg, cells=cells)
    if keep is not None:
        loaded = loaded.model_copy(update={"keep": keep.value})
        require_networks(loaded, plan)
    terms = terms_from(loaded, level, margin, asked=adaptive)
    try:
        with stop_on_signal():
            # A mistake in these options is reported before data and weights are looked up, which may take long.
            options = EngineOptions(device.value, scheduler, workers, devices, tracking_uri=tracking_uri)
            engine = "dask" if devices is not None and engine == LOCAL else engine
            how = How(tracking_uri, engine_of(engine, options, loaded), pack)
            resolved = replace(resolve_plan(loaded, tracking_uri), terms=terms)
            state, frame = run_plan(resolved, how, door())
    except KeyboardInterrupt:
        say(f"stopped; nothing finished is lost. {resume()}")
        raise typer.Exit(exit_code()) from None
    for sentence in sentences_of(state, named(plan)):
        say(sentence)
    if state.interrupted:
        say(f"stopped; nothing finished is lost. {resume()}")
        raise typer.Exit(exit_code())
    if state.budget:
        say(state.budget)
        say(larger(state.limit, loaded.budget.limits[state.limit]))
    if state.unkept:
        raise CatsError(state.unkept)
    if state.waiting or state.refused:  # a board without these records would be incomplete
        raise typer.Exit(RECORDS_WAIT)
    if state.pairs is not None and state.done + state.made:
        from results.board.text import BoardText

        best = loaded.keep == "best" and state.complete
        print_as(BoardText(board_after(state.pairs, tracking_uri, frame, best=best)), Format.table)
    if state.failed:
        raise typer.Exit(1)


@app.command()
def sync(plan: ExperimentArgument, tracking_uri: TrackingOption = DATABASE) -> None:
    """Send the records that wait in the outbox to MLflow."""
    from benchmark.answers.run import aside
    from benchmark.answers.sync import send_waiting
    from benchmark.machine.signals import exit_code, stop_on_signal
    from benchmark.specs.plan import is_plan, load_plan

    loaded = load_plan(plan) if is_plan(plan) else None
    experiment = plan if loaded is None else loaded.experiment
    try:
        with stop_on_signal():
            sent, refused = send_waiting(experiment, loaded, tracking_uri, say)
    except KeyboardInterrupt:
        say(resume("stopped; this sends the records that still wait"))
        raise typer.Exit(exit_code()) from None
    print_line(f"{how_many(sent, 'record')} sent to {experiment} on {shown(tracking_uri)}")
    if refused:
        say(aside(refused, named(plan)))
        raise typer.Exit(RECORDS_WAIT)
