"""Who does the jobs of a plan: an engine takes them in their order and gives back what each left, as soon as it is done."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from benchmark.job import Job
from results.record import Outcome


class Engine(Protocol):
    """What the runner asks of an engine."""

    def outcomes(self, jobs: Iterable[Job], begins: Callable[[str], None]) -> Iterator[list[Outcome]]:
        """Do the jobs; what one job left comes at one go, in any order of jobs, but after all that it needs.

        Jobs are taken from the iterable when there is somebody to do them, and `begins` is told of each. A job that fails is
        an outcome too. Closing the iterator stops what runs.
        """
        ...


@dataclass(frozen=True)
class Local:
    """This process, one job after the other, on `device`: auto, cpu or cuda."""

    device: str = "auto"

    def outcomes(self, jobs: Iterable[Job], begins: Callable[[str], None]) -> Iterator[list[Outcome]]:
        """See Engine."""
        from benchmark.device import device_of
        from benchmark.make import make
        from benchmark.memory import keep_memory

        keep_memory()
        device = str(device_of(self.device))
        for job in jobs:
            begins(str(job))
            yield make(job, device)
