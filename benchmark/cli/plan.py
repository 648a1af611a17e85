"""`cats plan`: shows the cells of a plan and their expected cost, and starts no cell."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import number
from benchmark.cli.options import DATABASE, CO2eOption, Device, HoursOption, KwhOption, PlanArgument, TrackingOption
from benchmark.cli.places import a_file
from benchmark.cli.terminal import print_line, say
from results.error import CatsError, NoExperimentError
from results.text.counts import how_many
from results.text.hidden import shown
from results.tracking.change_counter import is_missing

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.execution.budget.guard import Guard
    from benchmark.specs.cell import Cell
    from benchmark.specs.resolved import ResolvedPlan

app = typer.Typer()


@app.command()
def plan(
    plan: PlanArgument,
    tracking_uri: TrackingOption = DATABASE,
    cells: Annotated[
        bool, typer.Option("--list-cells", help="Also print every cell: done, open, or failed and why, with its key.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=a_file("the plan"),
            help="Only copy the plan into this new file, a plan of your own to change.",
        ),
    ] = None,
    kwh: KwhOption = None,
    hours: HoursOption = None,
    co2e_kg: CO2eOption = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Measure unknown costs now, by a few steps of each kind of training.")
    ] = False,
    device: Annotated[Device, typer.Option(help="The device on which `cats run` will train.")] = Device.auto,
    detect: Annotated[
        float | None,
        typer.Option(
            parser=number, help="A difference in the metric: say how many seeds and test images are needed to tell it apart."
        ),
    ] = None,
) -> None:
    """Show which cells of a plan are done, which failed, and how much time and energy the others may take."""
    if output is not None:
        _copy(plan, output)
        return
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.execution.adaptive import unneeded_note
    from benchmark.execution.budget.forecast import forecast_of
    from benchmark.execution.budget.guard import Guard
    from benchmark.execution.detection import check_difference, detections
    from benchmark.execution.leakage import leak_sentences
    from benchmark.execution.prepare import check_names, pretrainings_ahead
    from benchmark.execution.records import finished_in
    from benchmark.execution.resolution import resolve_plan
    from benchmark.specs.candidates import backbones_in
    from benchmark.specs.plan import assumed_country, load_plan, own_backbones
    from results.board.candidates import absences
    from results.tracking.frame import left_out

    loaded = load_plan(plan).limited(kwh=kwh, hours=hours, co2e_kg=co2e_kg)
    check_difference(detect, loaded.metric)
    check_names(loaded.country, loaded.backbones or backbones_in(loaded.candidates), own_backbones(loaded))
    resolved = resolve_plan(loaded, tracking_uri)
    frame = _runs(tracking_uri, loaded.experiment)
    done = set() if frame is None else finished_in(frame)
    for sentence in () if frame is None else left_out(frame):
        say(sentence)
    obstacles = _weights([cell for cell in resolved.cells() if cell.key not in done], resolved)
    resolved, others = _searched(resolved, done)
    obstacles += others
    every = list(resolved.cells())
    failed = _failures(frame, tracking_uri, loaded.experiment, done)
    for line in _cell_lines(resolved, done, failed) if cells else ():
        print_line(line)
    for sentence in (*leak_sentences(resolved.leaks, allowed=loaded.allow_leakage), *absences(resolved.absent)):
        print_line(sentence)
    todo = [cell for cell in every if cell.key not in done]
    for sentence in _counts(resolved, todo, failed, tracking_uri):
        print_line(sentence)
    country = assumed_country(loaded.country, loaded.model_fields_set)
    less, apart = unneeded_note(resolved, frame), detections(resolved, frame, tracking_uri, detect)
    for sentence in (*less, *apart, *pretrainings_ahead(todo), *country):
        print_line(sentence)
    if todo:
        obstacles += _unwritable(tracking_uri, loaded.experiment)
        forecast = forecast_of(frame, device.value, loaded.country, calibrates=calibrate and not obstacles)
        obstacles += _projected(resolved, done, frame, Guard(loaded.budget, forecast=forecast))
    if obstacles:
        raise CatsError("`cats run` will not start:", *(line for text in obstacles for line in text.splitlines()))


def _weights(todo: "list[Cell]", resolved: "ResolvedPlan") -> list[str]:
    """What will stop `cats run` in the networks; prints what was chosen among the contents of files of weights."""
    from benchmark.execution.adaptation import adaptation_refusals
    from benchmark.execution.fit import plan_uses, size_refusals, weight_sentences

    choices, unusable = weight_sentences(todo)
    # Weights that cannot be read do not say the size of their network.
    sizes = [] if unusable or not todo else size_refusals(plan_uses(resolved), fetch=False)
    parts = [] if unusable or not todo else adaptation_refusals(resolved.points, resolved.starts, fetch=False)
    for sentence in choices:
        print_line(sentence)
    return [*unusable, *dict.fromkeys([*sizes, *parts])]


def _searched(resolved: "ResolvedPlan", done: set[str]) -> "tuple[ResolvedPlan, list[str]]":
    """The plan with the leaks that `cats run` would find, and one sentence for each reason why it would not start."""
    from benchmark.execution.enough_to_train import too_few_images
    from benchmark.execution.leakage import require_cells, search_open
    from benchmark.execution.prepare import missing_data, sizes_too_large

    todo = [cell for cell in resolved.cells() if cell.key not in done]
    obstacles = missing_data(todo, resolved)
    try:
        if not obstacles:
            wanted = {cell.target for cell in todo}
            targets = {name: target for name, target in resolved.targets.items() if name in wanted}
            obstacles = sizes_too_large(resolved.plan.subsample, targets, resolved.points[0].size)
        if not obstacles:
            obstacles = too_few_images(todo, _begins)
        if not obstacles:
            resolved = search_open(resolved, todo, _begins)
        require_cells(resolved.cells(), resolved.plan.experiment, resolved.leaks)
    except CatsError as error:
        obstacles.append(str(error))
    return resolved, obstacles


def _begins(what: str) -> None:
    say(f"{what} ...")


def _unwritable(tracking_uri: str, experiment: str) -> list[str]:
    """Why a server with users would not take the records of this one."""
    from results.tracking.uri import WEB, scheme

    if scheme(tracking_uri) not in WEB:  # MLflow need not be loaded
        return []
    from results.tracking.permission import write_refusal

    refusal = write_refusal(tracking_uri, experiment)
    return [refusal] if refusal else []


def _projected(resolved: "ResolvedPlan", done: set[str], frame: "pd.DataFrame | None", guard: "Guard") -> list[str]:
    """Print what the cells that are not done may take; return why the budget keeps `cats run` from starting."""
    from benchmark.specs.job import jobs_of

    every, plan = list(resolved.cells()), resolved.plan
    todo = [cell for cell in every if cell.key not in done]
    try:
        guard.read(every, frame)
        for sentence in guard.project(partial(jobs_of, todo, plan.experiment, plan.country)):
            print_line(sentence)
    except CatsError as error:
        return [str(error)]
    return []


def _copy(plan: str, place: Path) -> None:
    from benchmark.specs.plan_copy import copy_plan

    copy_plan(plan, place)
    print_line(f"wrote {place}; change it, then: cats plan {place}")


def _counts(resolved: "ResolvedPlan", todo: "list[Cell]", failed: dict[str, str], tracking_uri: str) -> Iterator[str]:
    unknown, every = len(resolved.unknown), sum(1 for _ in resolved.cells())
    if unknown:
        pairs = how_many(unknown, "pair is", "pairs are")
        yield f"{pairs} not searched for shared images yet; `cats run` does that before the first cell starts"
    counts = f"{every - len(todo):,} done, {len(todo):,} to make"
    yield f"{how_many(every, 'cell')} of plan '{resolved.plan.experiment}': {counts}; records in {shown(tracking_uri)}"
    again = sum(cell.key in failed for cell in todo)
    if again:
        them = "it" if again == 1 else "them"
        yield f"{again:,} of them failed before; --list-cells says why, and `cats run` tries {them} again"


def _cell_lines(resolved: "ResolvedPlan", done: set[str], failed: dict[str, str]) -> Iterator[str]:
    for cell in resolved.cells():
        point, why = resolved.grid_point(cell.settings), failed.get(cell.key)
        state = "done" if cell.key in done else "failed" if why else "open"
        yield (f"{state:<6}  {cell.key[:12]}  {cell}{f', {point}' if point else ''}{f': {why}' if why else ''}")


def _failures(frame: "pd.DataFrame | None", tracking_uri: str, experiment: str, done: set[str]) -> dict[str, str]:
    """The reason of the last failed attempt at each cell that is not done, by its key."""
    if frame is None or not len(frame) or not (frame["status"] == "FAILED").any():
        return {}
    from results.tracking.experiment import Experiment
    from results.tracking.failures import failures_of

    failures = failures_of(Experiment(tracking_uri, experiment, create=False))
    return {key: reason for key, reason in failures.items() if key not in done}


def _runs(tracking_uri: str, experiment: str) -> "pd.DataFrame | None":
    """The runs of the experiment; None if the experiment does not exist yet."""
    from benchmark.execution.records import runs_of

    with suppress(NoExperimentError):
        return runs_of(tracking_uri, experiment) if not is_missing(tracking_uri) else None
    return None
