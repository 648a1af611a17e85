"""Finds out whether a plan has nothing left to do, without MLflow where its database has not changed, and without a lease.

A lease is written to the database, after which no snapshot of it is known to be current. Without one, the next call has nothing
to read either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.paths import snapshots_folder
from benchmark.execution.records import finished_in, outbox_of, runs_of
from benchmark.specs.cell import Cell
from results.tracking.change_counter import is_missing
from results.tracking.snapshot import unchanged

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finished:
    """A plan whose cells are all finished.

    Attributes:
        cells: how many. frame: the experiment's runs (Experiment.frame).
    """

    cells: int
    frame: "pd.DataFrame"


def finished(cells: Iterable[Cell], experiment: str, uri: str) -> Finished | None:
    """None if anything may be left to do: one of the cells, a record in the outbox, a run whose process died."""
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
    from results.tracking.experiment import NoExperimentError

    try:
        return runs_of(uri, experiment)
    except NoExperimentError:
        import pandas as pd

        return pd.DataFrame()


def _finished_cells(cells: Iterable[Cell], frame: "pd.DataFrame") -> int:
    """The number of cells; 0 unless all of them are finished and no run is still running."""
    keys, count = finished_in(frame), 0
    if len(frame) and (frame["status"] == "RUNNING").any():
        return 0
    for cell in cells:
        if cell.key not in keys:
            return 0
        count += 1
    return count
