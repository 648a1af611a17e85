"""The runs of an experiment as copies with their files, in an order that does not depend on the database."""

from collections.abc import Callable, Collection, Iterator

from mlflow.entities import Run

from results.error import CatsError
from results.sharing.run_copy import RunCopy, copy_of, is_half
from results.sharing.run_files import Protect, protected, unchanged
from results.text.counting import each_counted
from results.tracking.connection import FAILURES, reason_of
from results.tracking.experiment import Experiment
from results.tracking.oddity import is_ours, oddity

CopyWithFiles = tuple[RunCopy, dict[str, bytes]]


def copies_of(
    tracking: Experiment, say: Callable[[str], object], only: Collection[str] | None = None, protect: Protect = unchanged
) -> Iterator[CopyWithFiles]:
    """The runs of ours that have ended, by key and attempt. `only`: ids of runs; None means all.

    `say` gets a sentence about each run that cannot be read or is being written, and about files that are left out. Raises
    CatsError if MLflow fails.
    """
    found = []
    for run in tracking.runs("tags.`cats.key` != ''"):
        if (only is not None and run.info.run_id not in only) or not is_ours(run.data.tags):
            continue
        odd = oddity(run)
        if odd is None and is_half(run):
            odd = f"run {run.info.run_id} is left out: its record is not complete"
        if odd is not None:
            say(odd)
            continue
        found.append((run.data.tags["cats.key"], run.data.tags.get("cats.attempt", ""), run.info.run_id))
    for _, _, run_id in each_counted("reading runs", sorted(found), len(found), "runs"):
        copy = copy_of(tracking, _run(tracking, run_id))
        if copy is not None:
            yield protected(tracking, run_id, copy, protect, say)


def _run(tracking: Experiment, run_id: str) -> Run:
    try:
        return tracking.client.get_run(run_id)
    except FAILURES as error:
        raise CatsError(f"MLflow at {tracking.shown} cannot be read: {reason_of(error, tracking.name)}") from error
