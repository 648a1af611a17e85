"""A plan that is run again though nothing of it is left: told without MLflow where nobody wrote to it, and without its lease.

A lease is written, after which every snapshot of a database is in doubt; this way the next call has nothing to read either.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.paths import snapshots_folder
from benchmark.execution.leakage import look, sentences
from benchmark.execution.records import finished_in, outbox_of, runs_of
from benchmark.specs.plan import Leaks, Plan
from results.tracking.change_counter import is_missing
from results.tracking.snapshot import unchanged

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finished:
    """A plan whose cells are all done.

    Attributes:
        cells: how many. leaks: what the guard says, one sentence per reason. frame: the experiment's runs (Tracking.frame).
    """

    cells: int
    leaks: list[str]
    frame: "pd.DataFrame"


def finished(plan: Plan, uri: str) -> Finished | None:
    """None if anything may be left to do: a cell, a record in the outbox, a run whose process died."""
    folder, leaks = snapshots_folder(), look(plan)
    frame = unchanged(folder, uri, plan.experiment)
    if frame is None:
        if is_missing(uri):
            return None
        frame = _read(uri, plan.experiment)
    cells = _cells(plan, leaks.leaks, frame)
    if not cells or not outbox_of(uri, plan.experiment).empty:
        return None
    return Finished(cells, list(sentences(plan, leaks)), frame)


def _read(uri: str, experiment: str) -> "pd.DataFrame":
    from results.tracking.experiment import NoExperimentError

    try:
        return runs_of(uri, experiment)
    except NoExperimentError:
        import pandas as pd

        return pd.DataFrame()


def _cells(plan: Plan, leaks: Leaks, frame: "pd.DataFrame") -> int:
    """How many cells the plan has; 0 unless all are finished and no run is on its way."""
    done, count = finished_in(frame), 0
    if len(frame) and (frame["status"] == "RUNNING").any():
        return 0
    for cell in plan.cells(leaks):
        if cell.key not in done:
            return 0
        count += 1
    return count
