"""`cats plan`: shows the cells of a plan and their expected cost, and starts no cell."""

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import number
from benchmark.cli.options import DATABASE, CO2eOption, Device, HoursOption, KwhOption, PlanArgument, TrackingOption
from benchmark.cli.terminal import print_line, say
from results.error import CatsError
from results.text.hidden import shown
from results.tracking.change_counter import is_missing

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.specs.cell import Cell
    from benchmark.specs.resolved import ResolvedPlan

app = typer.Typer()


@app.command()
def plan(
    plan: PlanArgument,
    tracking_uri: TrackingOption = DATABASE,
    cells: Annotated[bool, typer.Option("--cells", help="Also print every cell, with its key and its state.")] = False,
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
    """Show which cells of a plan are done, and how much time and energy the others may take."""
    from benchmark.execution.budget.forecast import forecast_of
    from benchmark.execution.budget.guard import Guard
    from benchmark.execution.detection import check_difference, detections
    from benchmark.execution.leakage import leak_sentences
    from benchmark.execution.prepare import check_names, pretrainings_ahead
    from benchmark.execution.records import finished_in
    from benchmark.execution.resolution import resolve_plan
    from benchmark.specs.job import jobs_of
    from benchmark.specs.plan import assumed_country, load_plan
    from benchmark.specs.recipe import flat
    from results.tracking.frame import left_out

    loaded = load_plan(plan).limited(kwh=kwh, hours=hours, co2e_kg=co2e_kg)
    check_difference(detect, loaded.metric)
    check_names(loaded.country, loaded.backbones)
    resolved = resolve_plan(loaded, tracking_uri)
    frame = _runs(tracking_uri, loaded.experiment)
    done = set() if frame is None else finished_in(frame)
    for sentence in () if frame is None else left_out(frame):
        say(sentence)
    obstacles = _weights([cell for cell in resolved.cells() if cell.key not in done], resolved)
    resolved, others = _searched(resolved, done)
    obstacles += others
    every = list(resolved.cells())
    for cell in every if cells else ():
        point = resolved.grid_point(flat(cell.recipe))
        print_line(f"{'done' if cell.key in done else 'open'}  {cell.key[:12]}  {cell}{f', {point}' if point else ''}")
    for sentence in leak_sentences(resolved.leaks, allowed=loaded.allow_leakage):
        print_line(sentence)
    unknown = len(resolved.unknown)
    if unknown:
        print_line(f"{unknown} pairs are not searched for shared images yet; `cats run` does that before the first cell starts")
    todo = [cell for cell in every if cell.key not in done]
    counts = f"{len(every) - len(todo)} done, {len(todo)} to make"
    print_line(f"{len(every)} cells of plan '{loaded.experiment}': {counts}; records in {shown(tracking_uri)}")
    country = assumed_country(loaded.country, loaded.model_fields_set)
    for sentence in (*detections(resolved, frame, tracking_uri, detect), *pretrainings_ahead(todo), *country):
        print_line(sentence)
    if todo:
        forecast = forecast_of(frame, device.value, loaded.country, calibrates=calibrate and not obstacles)
        guard = Guard(loaded.budget, forecast=forecast)
        try:
            guard.read(every, frame)
            for sentence in guard.project(partial(jobs_of, todo, loaded.experiment, loaded.country)):
                print_line(sentence)
        except CatsError as error:
            obstacles.append(str(error))
    if obstacles:
        raise CatsError("`cats run` will not start:", *(line for text in obstacles for line in text.splitlines()))


def _weights(todo: "list[Cell]", resolved: "ResolvedPlan") -> list[str]:
    """What will stop `cats run` in the networks; prints what was chosen among the contents of files of weights."""
    from benchmark.execution.fit import plan_uses, size_refusals, weight_sentences

    choices, unusable = weight_sentences(todo)
    # Weights that cannot be read do not say the size of their network.
    sizes = [] if unusable or not todo else size_refusals(plan_uses(resolved), fetch=False)
    for sentence in choices:
        print_line(sentence)
    return [*unusable, *sizes]


def _searched(resolved: "ResolvedPlan", done: set[str]) -> "tuple[ResolvedPlan, list[str]]":
    """The plan with the leaks that `cats run` would find, and one sentence for each reason why it would not start."""
    from benchmark.execution.leakage import require_cells, search_open
    from benchmark.execution.prepare import missing_data

    todo = [cell for cell in resolved.cells() if cell.key not in done]
    obstacles = missing_data(todo, resolved)
    try:
        if not obstacles:
            resolved = search_open(resolved, todo, lambda what: say(f"{what} ..."))
        require_cells(resolved.cells(), resolved.plan.experiment, resolved.leaks)
    except CatsError as error:
        obstacles.append(str(error))
    return resolved, obstacles


def _runs(tracking_uri: str, experiment: str) -> "pd.DataFrame | None":
    """The runs of the experiment; None if the experiment does not exist yet."""
    from benchmark.execution.records import runs_of
    from results.tracking.experiment import NoExperimentError

    with suppress(NoExperimentError):
        return runs_of(tracking_uri, experiment) if not is_missing(tracking_uri) else None
    return None
