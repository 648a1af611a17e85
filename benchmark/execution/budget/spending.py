"""The cost of attempts and the expected cost of jobs, in every quantity that a budget may limit."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.execution.budget.amounts import UNKNOWN, total_of, was_cut_off
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job, works
from benchmark.specs.start import chain
from results.cost.amount import Amount, add
from results.record import Record
from results.tracking.cost_columns import unpacked

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.execution.budget.forecast import CostForecast
    from benchmark.specs.job import Work


def likely_cost(work: "Work", forecast: "CostForecast | None", extracted: set[Path]) -> Amount:
    """The likely cost of work; `extracted` as in CostForecast.estimate. Zero without a forecast: only cells count then."""
    if forecast is None:
        return Amount()
    expected, _ = forecast.estimate(work, extracted)
    return UNKNOWN if expected is None else expected.likely


def likely_costs(job: Job, forecast: "CostForecast | None", extracted: set[Path]) -> dict[str, Amount]:
    """The same for each cell of a job, or for its pretraining, by its key."""
    return {work.key: likely_cost(work, forecast, extracted) for work in works(job)}


def spent_before(
    cells: Iterable[Cell], frame: "pd.DataFrame | None", waiting: Iterable[Record], forecast: "CostForecast | None"
) -> tuple[Amount, int]:
    """The cost of all attempts at these cells and their pretrainings, and the number of finished cells.

    Counts the runs in `frame` and the records that wait in the outbox. An attempt that was cut off without an energy reading
    (see was_cut_off) is charged its expected cost. `cells` is iterated more than once.
    """
    keys = {work.key for work in _works(cells)}
    waiting = [record for record in waiting if record.key in keys]
    attempts = [(record.key, record.status, [cost.model_dump() for cost in record.costs]) for record in waiting]
    finished = {record.key for record in waiting if (record.status, record.kind) == ("finished", "cell")}
    if frame is not None and len(frame):
        begun = {
            (record.key, int(record.started * 1000)) for record in waiting
        }  # MLflow may have runs of these records that are written in part
        mine = frame[frame["key"].isin(keys) & frame["kind"].isin(["cell", "pretraining"])]
        finished |= set(mine.loc[(mine["status"] == "FINISHED") & (mine["kind"] == "cell"), "key"])
        runs = zip(mine["key"], mine["status"], mine["started"], unpacked(mine["costs"]), strict=True)
        attempts += [(key, status, costs) for key, status, started, costs in runs if (key, int(started)) not in begun]
    cut = {key for key, status, costs in attempts if was_cut_off(costs, status)}
    expected = {work.key: likely_cost(work, forecast, set()) for work in _works(cells) if work.key in cut} if cut else {}
    amounts = [expected[key] if was_cut_off(costs, status) else total_of(costs) for key, status, costs in attempts]
    return add(amounts), len(finished)


def _works(cells: Iterable[Cell]) -> "Iterable[Work]":
    """Cells and the pretrainings that they start from, some more than once."""
    for cell in cells:
        yield cell
        yield from (start for start in chain(cell.start) if start.recipe is not None)
