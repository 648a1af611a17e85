"""The interface between the dispatcher and the library that carries jobs to workers and outcomes back."""

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from benchmark.specs.job import Job
from results.error import CatsError
from results.record import Outcome


class IncompatibleError(CatsError):
    """A worker cannot run a job as the driver planned it, for example because its files differ from the driver's."""


class WorkerDiedError(Exception):
    """The worker ended before the outcomes of its task reached the driver."""


class TransportLostError(CatsError):
    """No worker can be reached any more."""

    resumes = True


@dataclass(frozen=True)
class Completion:
    """The end of a task.

    Attributes:
        task: the name that `Transport.submit` returned.
        at: when the task ended, seconds of time.monotonic().
        result: its outcomes, or an exception. Any exception other than IncompatibleError, WorkerDiedError and
            TransportLostError is an error of the job itself.
    """

    task: str
    at: float
    result: list[Outcome] | BaseException


class Transport(Protocol):
    """Carries jobs to workers. The dispatcher calls all methods from one thread.

    Attributes:
        refresh_seconds: the time between two calls of `refresh`.
        workers: names of the connected workers that may get jobs, as the last `refresh` or `exclude` left them.
    """

    @property
    def refresh_seconds(self) -> float:
        """See the class."""
        ...

    @property
    def workers(self) -> AbstractSet[str]:
        """See the class."""
        ...

    def refresh(self) -> list[str]:
        """Update `workers`. Returns one sentence for each new worker that is incompatible with the driver.

        Raises CatsError if no worker can be reached any more, or if no connected worker has been compatible for some time.
        """
        ...

    def submit(self, job: Job, worker: str, done: Callable[[Completion], None]) -> str:
        """Have a worker run a job, and call `done`, from any thread, when the job ends. Returns the name of this task."""
        ...

    def cancel(self, tasks: Collection[str]) -> None:
        """Discard tasks whose outcomes are no longer needed; `done` may still be called for them. Raises nothing."""
        ...

    def interrupt(self, tasks: frozenset[str], workers: Collection[str], seconds: float) -> dict[str, float | None]:
        """Ask workers to end these tasks after the current epoch, and wait for `seconds` for their answers.

        An answer says for how many seconds the task of that worker has run, or None if it has not begun.
        """
        ...

    def exclude(self, worker: str, reason: str) -> None:
        """Remove a worker from `workers` for good."""
        ...

    def retired(self, worker: str) -> bool:
        """Whether a worker that is gone was shut down in good order (pre-empted, stopped by hand) rather than having died."""
        ...

    def resources(self, worker: str) -> tuple[str, str]:
        """Names of the worker's machine and of its GPU, equal for all workers that share it."""
        ...

    def hardware(self, worker: str) -> tuple[str, ...]:
        """The hardware that uses energy when the worker runs a job: cpu, ram, gpu."""
        ...
