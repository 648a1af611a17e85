"""The command `cats`. Heavy libraries are imported inside the commands, so that `--help` answers at once."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli_agree import app as agreement
from benchmark.cli_compare import app as compare
from benchmark.cli_cost import app as costs
from benchmark.cli_engine import EngineName, EngineOption, SchedulerOption, WorkersOption, engine_of
from benchmark.cli_entries import app as entries
from benchmark.cli_import import app as imports
from benchmark.cli_list import app as lists
from benchmark.cli_measures import app as measures
from benchmark.cli_options import (
    DATABASE,
    CO2eOption,
    Device,
    Format,
    FreshOption,
    HoursOption,
    ImputeOption,
    KwhOption,
    NoiseOption,
    PlanArgument,
    RuleOption,
    TrackingOption,
    outbox_of,
    print_line,
    say,
)
from benchmark.cli_plan import app as plans
from benchmark.cli_report import app as reports
from benchmark.cli_ui import app as pages
from benchmark.memory import large_pages
from benchmark.threads import wait_briefly
from results.address import shown
from results.error import CatsError

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.asked import Asked
    from benchmark.engine import Engine
    from benchmark.plan import Plan
    from benchmark.runner import Run
    from results.board import Board, Judging

app = typer.Typer(
    help="Which source should a network be transferred from to this medical task, how sure is that, and what did it cost?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(plans)
app.add_typer(compare)
app.add_typer(entries)
app.add_typer(lists)
app.add_typer(measures)
app.add_typer(costs)
app.add_typer(imports)
app.add_typer(agreement)
app.add_typer(reports)
app.add_typer(pages)
log = logging.getLogger("cats")


@app.command()
def run(
    plan: PlanArgument,
    tracking_uri: TrackingOption = DATABASE,
    device: Annotated[Device, typer.Option(help="auto takes a GPU if there is one.")] = Device.auto,
    pack: Annotated[
        int, typer.Option(min=1, help="Train up to so many seeds of a cell at once, side by side on one device.")
    ] = 1,
    kwh: KwhOption = None,
    hours: HoursOption = None,
    co2e_kg: CO2eOption = None,
    cells: Annotated[int | None, typer.Option("--cells", help="Budget: finished cells, those of earlier calls too.")] = None,
    engine: EngineOption = EngineName.local,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
) -> None:
    """Make every cell of a plan that is not done yet, then show the board. Run it again to resume."""
    from benchmark.plan import load_plan
    from benchmark.stop import exit_code, stoppable

    loaded = load_plan(plan).limited(kwh=kwh, hours=hours, co2e_kg=co2e_kg, cells=cells)
    try:
        with stoppable():
            maker = engine_of(engine, device.value, scheduler, workers, loaded)
            if _is_finished(loaded, tracking_uri):
                return
            state = _run(loaded, tracking_uri, maker, pack)
    except KeyboardInterrupt:
        say(f"stopped; nothing finished is lost. Resume with: cats run {plan}")
        raise typer.Exit(exit_code()) from None
    _say_what_came(state, plan)
    if state.interrupted:
        say(f"stopped; nothing finished is lost. Resume with: cats run {plan}")
        raise typer.Exit(exit_code())
    if state.budget:
        say(state.budget)
    if state.unkept:
        raise CatsError(state.unkept)
    if state.waiting:  # a board without them would not be the plan's
        raise typer.Exit(2)
    if state.done + state.made:
        _show(loaded, tracking_uri)
    if state.failed:
        raise typer.Exit(1)


def _say_what_came(state: "Run", plan: str) -> None:
    say(f"{state.cells} cells: {state.done} were done, {state.made} made now, {len(state.failed)} attempts failed")
    for sentence in state.leaks:
        say(f"  {sentence}")
    for record in state.failed:
        where = " → ".join(record.names[n] for n in ("source", "target") if n in record.names)
        say(f"  failed: {record.kind} {where}, seed {record.names['seed']}: {record.reason}")
    if state.waiting:
        say(f"{state.waiting} records wait in the outbox; `cats sync {plan}` sends them")


def _is_finished(plan: "Plan", tracking_uri: str) -> bool:
    """Whether nothing of a plan is left to do; then says so and shows the board."""
    from benchmark.resume import finished

    found = finished(plan, tracking_uri)
    if found is None:
        return False
    say(f"{found.cells} cells: {found.cells} were done, 0 made now, 0 attempts failed")
    for sentence in found.leaks:
        say(f"  {sentence}")
    _show(plan, tracking_uri, found.frame)
    return True


def _show(plan: "Plan", tracking_uri: str, frame: "pd.DataFrame | None" = None) -> None:
    from benchmark.asked import asked
    from results.board import Judging

    question = asked(plan, tracking_uri)
    runs = question.frame() if frame is None else frame
    _print(_board(question, Judging(question.images()), runs), Format.table)


def _run(plan: "Plan", tracking_uri: str, engine: "Engine", pack: int) -> "Run":
    from benchmark.progress import Progress
    from benchmark.runner import run as run_plan
    from results.lease import Lease
    from results.tracking import Tracking

    tracking = Tracking(tracking_uri, plan.experiment)
    outbox = outbox_of(tracking_uri, plan.experiment)
    with Lease(tracking, outbox, say), Progress() as watch:
        return run_plan(plan, tracking, outbox, engine, watch, pack)


@app.command()
def board(
    plan: Annotated[str, typer.Argument(metavar="PLAN|EXPERIMENT", help="A plan, or the name of an MLflow experiment.")],
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's.")] = None,
    report: Annotated[Path | None, typer.Option(help="Also write board.md, .csv, .json, .png and ranks.png there.")] = None,
    rule: RuleOption = None,
    noise: NoiseOption = None,
    impute: ImputeOption = None,
    images: Annotated[bool, typer.Option(help="Count the luck of the test images; reads every run's predictions.")] = True,
    sensitivity: Annotated[bool, typer.Option("--sensitivity", help="Show what changes with rule and protocol.")] = False,
    fresh: FreshOption = False,
) -> None:
    """Show which source wins on each target, how sure that is, and what it cost. Needs MLflow only, no data, no torch."""
    from benchmark.asked import asked
    from results.board import Judging
    from results.sensitivity import sensitivity as compared

    question = asked(plan, tracking_uri, metric, rule)
    judging = Judging(question.images(fresh=fresh) if images else None, noise, impute.value if impute else None)
    if sensitivity:
        if report is not None or form is Format.csv:
            raise CatsError("--sensitivity prints a table, or --format json; it goes neither with --report nor with csv")
        found = compared(question.frame(fresh=fresh), question.experiment, question.metric, question.wanted, judging)
        print_line(json.dumps(found.to_dict(), indent=2) if form is Format.json else found.markdown().rstrip("\n"))
        return
    made = _board(question, judging, question.frame(fresh=fresh))
    if report is not None:
        _report(made, report)
    _print(made, form)


def _board(question: "Asked", judging: "Judging", frame: "pd.DataFrame") -> "Board":
    from results.board import make_board

    return make_board(frame, question.experiment, question.metric, question.rule, question.wanted, judging)


def _report(made: "Board", folder: Path) -> None:
    from results.picture import draw, draw_ranks
    from results.show import comma_separated, markdown

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "board.md").write_text(markdown(made), encoding="utf-8")
        (folder / "board.csv").write_text(comma_separated(made), encoding="utf-8")
        (folder / "board.json").write_text(json.dumps(made.to_dict(), indent=2), encoding="utf-8")
        draw(made, folder / "board.png")
        if made.difference is not None and made.difference.friedman_p is not None:
            draw_ranks(made.difference, folder / "ranks.png")
    except OSError as error:
        raise CatsError(f"cannot write the report to {folder}: {error.strerror}") from error


@app.command()
def sync(plan: PlanArgument, tracking_uri: TrackingOption = DATABASE) -> None:
    """Send the records that wait in the outbox to MLflow."""
    from benchmark.plan import load_plan
    from benchmark.pretrained import adopt
    from benchmark.stop import exit_code, sheltered, stoppable
    from results.lease import Lease
    from results.tracking import Tracking

    experiment = load_plan(plan).experiment
    tracking, outbox = Tracking(tracking_uri, experiment), outbox_of(tracking_uri, experiment)
    try:
        with stoppable(), Lease(tracking, outbox, say):
            adopt(outbox, experiment)
            sent = tracking.deliver(outbox, sheltered)
    except KeyboardInterrupt:
        say(f"stopped; `cats sync {plan}` sends what still waits")
        raise typer.Exit(exit_code()) from None
    print_line(f"{sent} records sent to {experiment} on {shown(tracking_uri)}")


def _print(made: "Board", form: Format) -> None:
    from rich.console import Console

    from results.show import comma_separated, markdown, table

    if form is Format.table:
        Console().print(table(made))
    else:
        made_json = json.dumps(made.to_dict(), indent=2)
        text = {Format.json: made_json, Format.csv: comma_separated(made), Format.markdown: markdown(made)}[form]
        print_line(text.rstrip("\n"))


def main() -> None:
    """Entry point: a CatsError becomes its sentence and exit code 2."""
    wait_briefly()  # every command loads torch later than these, if at all
    large_pages()
    logging.basicConfig(level=os.environ.get("CATS_LOG", "WARNING").upper(), format="%(name)s: %(message)s")
    try:
        app()
    except CatsError as error:
        say(f"cats: {error}")
        raise SystemExit(2) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
