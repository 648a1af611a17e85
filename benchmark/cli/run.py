"""`cats run` and `cats sync`: train the cells of a plan, and send their records to MLflow."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.engine import LOCAL, EngineOption, SchedulerOption, WorkersOption, engine_of
from benchmark.cli.numbers import LIMIT, PROCESSES
from benchmark.cli.options import (
    DATABASE,
    CO2eOption,
    Device,
    DeviceOption,
    Format,
    HoursOption,
    KwhOption,
    PlanArgument,
    TrackingOption,
    aside,
)
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import print_line, say
from benchmark.execution.records import is_new, outbox_of
from results.error import CatsError
from results.text.hidden import shown

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.execution.engine import Engine
    from benchmark.execution.watch import Run
    from benchmark.specs.resolved import PlanPairs, ResolvedPlan


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
    keep: Annotated[
        Keep | None, typer.Option(help="Which trained networks are stored for `cats keep`; by default what the plan says.")
    ] = None,
) -> None:
    """Train and test every cell of a plan that is not done yet, then show the board; a new call resumes."""
    from benchmark.execution.engine import EngineOptions
    from benchmark.execution.resolution import resolve_plan
    from benchmark.execution.up_to_date import finished
    from benchmark.execution.watch import Run
    from benchmark.machine.signals import exit_code, stop_on_signal
    from benchmark.specs.plan import load_plan, require_networks

    loaded = load_plan(plan).limited(kwh=kwh, hours=hours, co2e_kg=co2e_kg, cells=cells)
    if keep is not None:
        loaded = loaded.model_copy(update={"keep": keep.value})
        require_networks(loaded, plan)
    best = loaded.keep == "best"
    frame = None
    try:
        with stop_on_signal():
            # A mistake in these options is reported before data and weights are looked up, which may take long.
            options = EngineOptions(device.value, scheduler, workers, tracking_uri=tracking_uri)
            chosen_engine = engine_of(engine, options, loaded)
            resolved = resolve_plan(loaded, tracking_uri)
            result = finished(resolved.cells(), loaded.experiment, tracking_uri)
            if result is not None:
                state, frame = Run(result.cells, result.cells, pairs=resolved), result.frame
            else:
                state = _run(resolved, tracking_uri, chosen_engine, pack)
    except KeyboardInterrupt:
        say(f"stopped; nothing finished is lost. Resume with: cats run {plan}")
        raise typer.Exit(exit_code()) from None
    _report_state(state, plan)
    if state.interrupted:
        say(f"stopped; nothing finished is lost. Resume with: cats run {plan}")
        raise typer.Exit(exit_code())
    if state.budget:
        say(state.budget)
    if state.unkept:
        raise CatsError(state.unkept)
    if state.waiting or state.refused:  # a board without these records would be incomplete
        raise typer.Exit(2)
    if state.pairs is not None and state.done + state.made:
        _show(state.pairs, tracking_uri, frame, best=best and state.done + state.made == state.cells)
    if state.failed:
        raise typer.Exit(1)


def _report_state(state: "Run", plan: str) -> None:
    from benchmark.execution.leakage import leak_sentences

    say(f"{state.cells} cells: {state.done} were done, {state.made} made now, {len(state.failed)} attempts failed")
    if state.pairs is not None:
        for sentence in leak_sentences(state.pairs.leaks, allowed=state.pairs.plan.allow_leakage):
            say(f"  {sentence}")
    for record in state.failed:
        say(f"  failed: {record.kind} {state.name(record)}: {record.reason}")
    if state.pairs is not None and state.made:
        from benchmark.specs.plan import assumed_country

        made = state.pairs.plan
        for sentence in assumed_country(made.country, made.model_fields_set):
            say(sentence)
    if state.waiting:
        say(f"{state.waiting} records wait in the outbox; `cats sync {plan}` sends them")
    if state.refused:
        say(aside(state.refused, plan))


def _show(pairs: "PlanPairs", tracking_uri: str, frame: "pd.DataFrame | None", *, best: bool) -> None:
    """Print the board. `best`: of the stored networks of the plan, keep only those of the cells that the board puts first."""
    from benchmark.cli.query import reader_of
    from benchmark.specs.resolved import ResolvedPlan
    from results.board.board import make_board
    from results.board.request import Judging
    from results.board.text import BoardText

    reader = reader_of(pairs, tracking_uri)
    runs = reader.frame() if frame is None else frame
    judging = Judging(reader.images())
    print_as(BoardText(make_board(runs, reader.query, judging)), Format.table)
    if best and isinstance(pairs, ResolvedPlan):
        from benchmark.execution.network_store import remove_networks
        from benchmark.models.choice import recommended_keys

        wanted = recommended_keys(runs, reader.query, judging)
        remove_networks(cell.key for cell in pairs.cells() if cell.key not in wanted)


def _run(resolved: "ResolvedPlan", tracking_uri: str, engine: "Engine", pack: int) -> "Run":
    from benchmark.machine.cpu_work import cores, foreign_cores
    from benchmark.machine.threads import sleep_if_crowded

    sleep_if_crowded(foreign_cores(), cores())  # before torch is loaded

    from benchmark.cli.progress import Progress
    from benchmark.execution.runner import Past, examine
    from benchmark.execution.runner import run as run_plan
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.writer import Writer

    experiment = resolved.plan.experiment
    guard = None
    if is_new(tracking_uri, experiment):  # a plan that is refused leaves no empty experiment behind
        with Progress() as watch:
            resolved, guard = examine(resolved, Past(), engine, watch, pack)
    tracking = Experiment(tracking_uri, experiment)
    outbox = outbox_of(tracking_uri, experiment)
    with Lease(tracking, outbox, say) as lease, Progress() as watch:
        return run_plan(resolved, Writer(tracking, outbox, lease), engine, watch, pack, guard=guard)


@app.command()
def sync(plan: PlanArgument, tracking_uri: TrackingOption = DATABASE) -> None:
    """Send the records that wait in the outbox to MLflow."""
    from benchmark.execution.pretraining_records import adopt
    from benchmark.machine.signals import delay_signals, exit_code, stop_on_signal
    from benchmark.specs.plan import load_plan
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.writer import Writer, close_abandoned

    experiment = load_plan(plan).experiment
    tracking, outbox = Experiment(tracking_uri, experiment), outbox_of(tracking_uri, experiment)
    try:
        with stop_on_signal(), Lease(tracking, outbox, say) as lease:
            adopt(outbox, experiment)
            writer = Writer(tracking, outbox, lease)
            writer.tidy()
            sent = writer.deliver(delay_signals)
            close_abandoned(tracking)
    except KeyboardInterrupt:
        say(f"stopped; `cats sync {plan}` sends the records that still wait")
        raise typer.Exit(exit_code()) from None
    print_line(f"{sent} records sent to {experiment} on {shown(tracking_uri)}")
    if writer.refused:
        say(aside(len(writer.refused), plan))
        raise typer.Exit(2)
