"""What a worker of a cluster does with a job: looks whether its files are the plan's, makes it, ends it when it is told to."""

import threading
import time
from collections.abc import Callable
from functools import lru_cache

from benchmark.data.dataset import Dataset
from benchmark.specs import catalogue
from benchmark.specs.job import Job
from benchmark.specs.start import Start
from results.error import CatsError
from results.record import Outcome

_hands: dict[str, float] = {}  # names of the jobs in hand → since when; one, unless several drivers share a worker of threads
_lock = threading.Lock()


class MisfitError(CatsError):
    """The files of this worker are not those that the driver has seen."""


def held(make: Callable[[Job, str], list[Outcome]], job: Job, device: str, name: str) -> list[Outcome]:
    """Do a job, which can be ended by its name meanwhile."""
    from benchmark.machine.cancellation import go_on

    with _lock:
        if not _hands:
            go_on()
        _hands[name] = time.monotonic()
    try:
        return make(job, device)
    finally:
        with _lock:
            del _hands[name]


def halt_there(names: frozenset[str]) -> float | None:
    """Have the job in hand end after its epoch, if it is one of these; for how many seconds it has been, None if it is not."""
    from benchmark.machine.cancellation import halt

    with _lock:
        mine = names & _hands.keys()
        if mine and mine == _hands.keys():
            halt()
        return time.monotonic() - min(_hands[name] for name in mine) if mine else None


def make_there(job: Job, device: str) -> list[Outcome]:
    """Make a job of a plan. Raises MisfitError if it would be another one here."""
    from benchmark.execution.execute import make
    from benchmark.machine.device import device_of

    on = str(device_of(device))
    check_files(job)
    return make(job, on)


def check_files(job: Job) -> None:
    """Raises MisfitError if images or weights here are not those that the driver has seen, or are not here."""
    from benchmark.data.decoded import loaded
    from benchmark.networks.load import weights_of

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
            raise MisfitError(f"its images of {job.place[0]} are not those of the driver")
        loaded(dataset, recipe.size)
        for start in starts:
            if start is not None and start.kind == "file":
                weights_of(start)
    except MisfitError:
        raise
    except CatsError as error:
        raise MisfitError(str(error)) from None


@lru_cache(maxsize=64)
def _digest(dataset: Dataset) -> str:
    return dataset.digest()
