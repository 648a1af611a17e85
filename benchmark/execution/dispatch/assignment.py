"""Which worker runs which job, its share of the hardware, and the outcomes of a job that returned none."""

import time
from dataclasses import dataclass, replace

from benchmark.execution.dispatch.time_sharing import FairShare
from benchmark.execution.dispatch.transport import Transport
from benchmark.machine.cost_sharing import own_share
from benchmark.specs.job import Job
from results.record import STOPPED, Outcome


@dataclass(frozen=True, eq=False)  # the hash of a job is slow to compute
class Assignment:
    """A job that a worker runs.

    Attributes:
        started: seconds since 1970, for the record. begun: time.monotonic(), for durations, since that clock is never set.
    """

    job: Job
    worker: str
    started: float
    begun: float

    @property
    def seconds(self) -> float:
        """For how many seconds the job has run."""
        return time.monotonic() - self.begun

    def failed(self, reason: str) -> list[Outcome]:
        """Outcomes of a job that failed without reporting its cost; their energy is missing."""
        from benchmark.execution.execute import attempts_at

        when, attempts = (self.started, self.seconds), attempts_at(self.job)
        return [attempt.lost(reason, when, len(attempts)) for attempt in attempts]

    def interrupted(self, seconds: float, hardware: tuple[str, ...], reason: str = STOPPED) -> list[Outcome]:
        """Outcomes of a job that ended without an answer, `seconds` after it began; their energy is missing."""
        from benchmark.execution.execute import attempts_at

        attempts = attempts_at(self.job)
        return [attempt.cut_off((self.started, seconds), hardware, len(attempts), reason) for attempt in attempts]


class Assignments:
    """The jobs that run at the moment, by the names of their tasks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._by_task: dict[str, Assignment] = {}
        self._shares = FairShare()

    def __len__(self) -> int:
        return len(self._by_task)

    def __contains__(self, task: str) -> bool:
        return task in self._by_task

    def __getitem__(self, task: str) -> Assignment:
        return self._by_task[task]

    @property
    def tasks(self) -> list[str]:
        """All tasks, those of earlier assignments first."""
        return list(self._by_task)

    @property
    def workers(self) -> set[str]:
        """The workers that run a job."""
        return {assignment.worker for assignment in self._by_task.values()}

    def tasks_on(self, worker: str) -> list[str]:
        """The tasks of one worker."""
        return [task for task, assignment in self._by_task.items() if assignment.worker == worker]

    def add(self, task: str, assignment: Assignment) -> None:
        """Note that a worker has begun a job."""
        self._by_task[task] = assignment
        for resource in self._transport.resources(assignment.worker):
            self._shares.begin(resource, assignment, assignment.begun)

    def remove(self, task: str, at: float | None = None) -> tuple[Assignment, list[float]]:
        """Note that a task ended `at` a time of time.monotonic(), by default now. Returns its assignment, and its shares of the
        machine and of the GPU.
        """
        at = time.monotonic() if at is None else at
        assignment = self._by_task.pop(task)
        resources = self._transport.resources(assignment.worker)
        return assignment, [self._shares.end(resource, assignment, at - assignment.begun, at) for resource in resources]


def reduced(outcomes: list[Outcome], shares: list[float]) -> list[Outcome]:
    """Outcomes whose costs are reduced to these shares of the machine and of the GPU."""
    costs = [own_share(outcome.record.costs, *shares) for outcome in outcomes]
    return [replace(o, record=o.record.model_copy(update={"costs": c})) for o, c in zip(outcomes, costs, strict=True)]
