"""Checks whether all cells of a plan are finished, without a lease, and without MLflow if its database has not changed.

Taking a lease writes to the database, and the snapshot of the database is then out of date. Without a lease the snapshot stays
current, so that the next call need not read MLflow either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.paths import snapshots_folder
from benchmark.execution.records import finished_in, outbox_of, runs_of
from benchmark.specs.cell import Cell
from results.error import NoExperimentError
from results.tracking.change_counter import is_missing
from results.tracking.snapshot import unchanged

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finished:
    """A plan whose cells are all finished.

    Attributes:
        cells: number of cells.
        frame: the runs of the experiment (Experiment.frame).
    """

    cells: int
    frame: "pd.DataFrame"


def finished(cells: Iterable[Cell], experiment: str, uri: str) -> Finished | None:
    """Return the finished plan; None if a cell is open, a record waits in the outbox or a run has no end."""
    frame = unchanged(snapshots_folder(), uri, experiment)
    if frame is None:
        if is_missing(uri):
            return None
        frame = _read(uri, experiment)
    count = _finished_cells(cells, frame)
    if not count or not outbox_of(uri, experiment).empty:
        return None
    return Finished(count, frame)


def _read(uri: str, experiment: str) -> "pd.DataFrame":
    try:
        return runs_of(uri, experiment)
    except NoExperimentError:
        import pandas as pd

        return pd.DataFrame()


def _finished_cells(cells: Iterable[Cell], frame: "pd.DataFrame") -> int:
    """Return the number of cells; 0 if one of them is not finished or a run has the status RUNNING."""
    keys, count = finished_in(frame), 0
    if len(frame) and (frame["status"] == "RUNNING").any():
        return 0
    for cell in cells:
        if cell.key not in keys:
            return 0
        count += 1
    return count
