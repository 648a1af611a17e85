"""What a plan has spent so far, and what its jobs will spend, of everything that a budget may limit."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.execution.budget.amounts import NOTHING, Sum, bare, sum_of
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job, works
from benchmark.specs.start import chain
from results.record import Record
from results.tracking.cost_columns import unpacked

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.execution.budget.forecast import Forecast
    from benchmark.specs.job import Work


def need_of(work: "Work", forecast: "Forecast | None", asked: set[Path]) -> Sum:
    """What work is likely to take; `asked` as in Forecast.expected. Without a forecast only cells are counted."""
    cells = int(isinstance(work, Cell))
    if forecast is None:
        return Sum(cells=cells)
    expected, _ = forecast.expected(work, asked)
    if expected is None:
        return Sum(math.nan, math.nan, math.nan, cells)
    return Sum(expected.kwh.likely, expected.co2e_kg.likely, expected.seconds.likely / 3600, cells)


def needs_of(job: Job, forecast: "Forecast | None", asked: set[Path]) -> dict[str, Sum]:
    """The same for each piece of a job, by its key."""
    return {work.key: need_of(work, forecast, asked) for work in works(job)}


def spent_before(
    cells: Iterable[Cell], frame: "pd.DataFrame | None", waiting: Iterable[Record], forecast: "Forecast | None"
) -> Sum:
    """What all attempts at cells and their pretrainings took: the runs in `frame` and the records that wait in the outbox.

    `cells` is gone through more than once. An attempt that was cut off without any figure (see bare) counts as what such
    work is expected to take. Hours are not counted: they are those of one call.
    """
    keys = {work.key for work in _works(cells)}
    waiting = [record for record in waiting if record.key in keys]
    attempts = [(record.key, record.status, [cost.model_dump() for cost in record.costs]) for record in waiting]
    finished = {record.key for record in waiting if (record.status, record.kind) == ("finished", "cell")}
    if frame is not None and len(frame):
        begun = {(record.key, int(record.started * 1000)) for record in waiting}  # their runs may be there, half written
        mine = frame[frame["key"].isin(keys) & frame["kind"].isin(["cell", "pretraining"])]
        finished |= set(mine.loc[(mine["status"] == "FINISHED") & (mine["kind"] == "cell"), "key"])
        runs = zip(mine["key"], mine["status"], mine["started"], unpacked(mine["costs"]), strict=True)
        attempts += [(key, status, costs) for key, status, started, costs in runs if (key, int(started)) not in begun]
    cut = {key for key, status, costs in attempts if bare(costs, status)}
    lost = {work.key: need_of(work, forecast, set()) for work in _works(cells) if work.key in cut} if cut else {}
    total = NOTHING
    for key, status, costs in attempts:
        total += lost[key] if bare(costs, status) else sum_of(costs)
    return Sum(total.kwh, total.co2e_kg, 0.0, len(finished))


def _works(cells: Iterable[Cell]) -> "Iterable[Work]":
    """Cells, and the pretrainings that they stand on, some more than once."""
    for cell in cells:
        yield cell
        yield from (start for start in chain(cell.start) if start.recipe is not None)
