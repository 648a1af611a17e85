"""The part of a worker of a cluster: compare its files with the plan's, run a job, interrupt the job when asked to."""

import threading
import time
from collections.abc import Callable
from functools import lru_cache

from benchmark.core.checkpoint_files import mark_recorded
from benchmark.data.dataset import Dataset
from benchmark.data.identity import data_digest
from benchmark.execution.dispatch.transport import IncompatibleError
from benchmark.specs import catalogue
from benchmark.specs.job import Job
from benchmark.specs.start import Start
from results.error import CatsError, LoginError
from results.record import Outcome, Record
from results.text.plain_log import log_plainly
from results.text.unnamed import unnamed

_lock = threading.Lock()
_returned: list[Record] = []  # of earlier jobs; their checkpoints may lie in a CATS_HOME that the driver does not see
_running: dict[str, float] = {}  # task → its start; one task, unless several drivers share a worker with several threads


def run_task(make: Callable[[Job, str], list[Outcome]], job: Job, device: str, task: str) -> list[Outcome]:
    """Run a job so that `interrupt` can end it by the name of its task."""
    from benchmark.machine.cancellation import clear_stop

    log_plainly()
    with _lock:
        if not _running:
            clear_stop()
        _running[task] = time.monotonic()
    try:
        return make(job, device)
    finally:
        with _lock:
            del _running[task]


def interrupt(tasks: frozenset[str]) -> float | None:
    """End the running job after its current epoch if it is one of these tasks.

    Returns for how many seconds the job has run; None if none of these tasks runs here. A job of another driver is not ended.
    """
    from benchmark.machine.cancellation import request_stop

    with _lock:
        mine = tasks & _running.keys()
        if mine and mine == _running.keys():
            request_stop()
        return time.monotonic() - min(_running[task] for task in mine) if mine else None


def make_checked(job: Job, device: str) -> list[Outcome]:
    """Run a job of a plan.

    Raises IncompatibleError if the files of this worker differ from the driver's, and if its GPU answers no more: it would fail
    every cell of the plan, in no time.
    """
    from benchmark.execution.execute import make
    from benchmark.machine.device import device_of, is_lost

    resolved = str(device_of(device))
    if is_lost(resolved):
        raise IncompatibleError(f"its {resolved} answers no more after an error of an earlier job")
    check_files(job)
    with _lock:
        returned, _returned[:] = list(_returned), []
    for record in returned:
        mark_recorded(record)  # the driver stores records of an earlier job before it hands out later ones
    outcomes = make(job, resolved)
    with _lock:
        _returned.extend(outcome.record for outcome in outcomes)
    return outcomes


def check_files(job: Job) -> None:
    """Raises IncompatibleError if images or weights of a job are missing here or differ from those that the driver read."""
    from benchmark.data.decoded import load_images_cached
    from benchmark.data.split import split_digest
    from benchmark.networks.load import weights_of

    dataset: Dataset | None = None
    try:
        starts: set[Start | None]
        if job.start is not None:
            dataset, data, recipe = catalogue.source(job.start.source).dataset, job.start.data, job.start.recipe
            starts = {job.start.start}
        else:
            first = job.cells[0]
            dataset, data, recipe = catalogue.target(first.target).dataset, first.data, first.recipe
            starts = {cell.start for cell in job.cells}
        if dataset is None or recipe is None or _digest(dataset) != data:
            raise IncompatibleError(f"its images of {job.place[0]} are not those of the driver")
        load_images_cached(dataset, recipe.size)
        if job.split and split_digest(dataset, recipe.size) != job.split:
            raise IncompatibleError(
                f"its drawn split of {job.place[0]} is not that of the driver, because its image libraries decode other pixels "
                "and find other copies; install the versions of the driver (Pillow above all)"
            )
        for start in starts:
            if start is not None and start.kind == "file":
                weights_of(start)
            elif start is not None and start.kind == "mlflow":
                _require_login(start)
    except IncompatibleError:
        raise
    except CatsError as error:
        raise IncompatibleError(_without_names(str(error), dataset)) from None


def _require_login(start: Start) -> None:
    """Raises IncompatibleError if weights of MLflow have to be fetched and the server does not let this worker in.

    Whatever else is wrong with them, or with the server for a while, is said by the cell.
    """
    from benchmark.networks.load import weights_of

    try:
        weights_of(start)
    except LoginError as error:
        raise IncompatibleError(f"it has no valid login, and jobs carry none: {error}") from None
    except CatsError:
        pass


def _without_names(sentence: str, dataset: Dataset | None) -> str:
    """A sentence for the log of the driver, whose key this worker does not have: without all that may be a name."""
    if dataset is None or not dataset.private:
        return sentence
    return f"{unnamed(sentence, (dataset.name, *dataset.classes))}; `cats check {dataset.name}` on that machine says more"


@lru_cache(maxsize=64)
def _digest(dataset: Dataset) -> str:
    return data_digest(dataset)
