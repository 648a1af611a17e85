"""Who does the jobs of a plan: an engine takes them in their order and gives back what each left, as soon as it is done."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from benchmark.machine.signals import stopped
from benchmark.specs.job import Job
from results.record import Outcome


@dataclass
class Desk:
    """Where an engine asks, from any thread, what may begin and whether to go on.

    Attributes:
        admit: asked of each job as somebody is about to do it: the job, or the first of its cells; None if it must not begin
            before more of what has begun is counted.
        closed: whether the runner has had enough.
    """

    admit: Callable[[Job], Job | None]
    closed: bool = False

    @property
    def closing(self) -> bool:
        """Whether to begin nothing more and to end soon what runs: what it leaves by then is still taken."""
        return self.closed or stopped()


class Engine(Protocol):
    """What the runner asks of an engine."""

    def outcomes(self, jobs: Iterable[Job], desk: Desk) -> Iterator[list[Outcome]]:
        """Do the jobs; what one job left comes at one go, in any order of jobs, but after all that it needs.

        What has come counts as counted when the next is asked for. A job that fails is an outcome too. Closing the iterator
        stops what runs.
        """
        ...


@dataclass(frozen=True)
class Local:
    """This process, one job after the other, on `device`: auto, cpu or cuda."""

    device: str = "auto"

    def outcomes(self, jobs: Iterable[Job], desk: Desk) -> Iterator[list[Outcome]]:
        """See Engine."""
        from benchmark.execution.execute import make
        from benchmark.machine.device import device_of
        from benchmark.machine.memory import keep_memory

        keep_memory()
        device = str(device_of(self.device))
        for job in jobs:
            begun = None if desk.closing else desk.admit(job)
            if begun is None:
                return
            yield make(begun, device)
