"""The interface of an engine, which runs the jobs of a plan and returns the outcomes of each as soon as it ends."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from benchmark.machine.signals import signal_received
from benchmark.specs.job import Job
from results.error import CatsError
from results.record import Outcome


@dataclass
class RunControl:
    """What an engine asks the runner while it works. Every member may be used from any thread.

    Attributes:
        admit: asked about each job just before it starts. Returns the job, a part of it (fewer of its cells) that may start
            now, or None. After None the engine asks again about the same job when the next outcome has been booked, and ends
            if every outcome has been booked.
        stop_requested: True once the runner wants the engine to end.
    """

    admit: Callable[[Job], Job | None]
    stop_requested: bool = False

    @property
    def stopping(self) -> bool:
        """Whether the engine must start no more jobs and end running jobs soon. It still returns the outcomes of those jobs."""
        return self.stop_requested or signal_received()


class Engine(Protocol):
    """Runs jobs. `benchmark.execution.engine_conformance` checks these promises for any engine:

    - Every admitted job runs once, and all outcomes of one job (or of the admitted part of it) come in one list. For a job that
      is lost with its worker and runs again, a list of its lost attempts comes before (see Record.given_out_again).
    - A job starts only after the outcomes of all pretrainings in `job.needs` exist. Apart from that, any order is allowed.
    - The iterator of jobs may end and have jobs again once outcomes have been booked. An engine asks again after each booking,
      or ends when all outcomes are booked; the runner then calls it again.
    - `control.admit` is asked before each job starts, and nothing starts that it has not returned. It may be called from any
      thread. If it returns fewer cells than the job has, the engine asks again about the remaining ones.
    - Asking the iterator for the next item tells the engine that the previous item has been booked against the budget.
    - A job that fails is an outcome with the status `failed`; it does not end the iterator and does not stop other jobs.
    - When `control.stopping` becomes true, no job starts any more, running jobs end after their current epoch, and the iterator
      returns the outcomes of finished and interrupted jobs before it ends.
    - Closing the iterator stops running jobs without waiting for their results.
    - The costs of an outcome are those of its job alone. Jobs that share hardware share its energy: their costs add up to its
      energy.

    An engine may have a method `held` as well, so that it keeps its workers between batches of jobs, see held().

    Attributes:
        device: auto, cpu or cuda: the device of jobs, as each worker sees it, and of calibrations, as the driver sees it.
        remote: whether jobs run in other processes than the driver, perhaps on other hardware and several at a time. A forecast
            then says that its times are those of one worker.
    """

    @property
    def device(self) -> str:
        """See the class."""
        ...

    @property
    def remote(self) -> bool:
        """See the class."""
        ...

    def outcomes(self, jobs: Iterable[Job], control: RunControl) -> Iterator[list[Outcome]]:
        """Run the jobs and return the outcomes of each as soon as it ends. Raises CatsError if the engine cannot work."""
        ...


@dataclass(frozen=True)
class EngineOptions:
    """The options of `cats run` for the function that makes an engine. An engine refuses options that it cannot honour.

    Attributes:
        device: auto, cpu or cuda.
        scheduler: `--scheduler`, the address of a running scheduler.
        workers: `--workers`, how many workers to start on this machine.
        devices: `--devices`, the numbers of the GPUs on which they compute.
        pretrains: whether the plan pretrains a source, so that all workers must see the driver's CATS_HOME.
        tracking_uri: `--tracking-uri`, for the environment of workers that the engine starts on this machine. It may contain a
            password.
    """

    device: str = "auto"
    scheduler: str | None = None
    workers: int | None = None
    devices: str | None = None
    pretrains: bool = False
    tracking_uri: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Local:
    """Runs jobs in this process, one after the other, until a GPU answers no more.

    Attributes:
        device: auto, cpu or cuda.
    """

    device: str = "auto"
    remote: ClassVar[bool] = False

    def outcomes(self, jobs: Iterable[Job], control: RunControl) -> Iterator[list[Outcome]]:
        """See Engine."""
        from benchmark.execution.execute import make
        from benchmark.machine.device import device_of, is_lost
        from benchmark.machine.memory import keep_memory

        keep_memory()
        device = str(device_of(self.device))
        for job in jobs:
            rest: Job | None = job
            while rest is not None:
                admitted = None if control.stopping else control.admit(rest)
                if admitted is None:
                    return
                made = make(admitted, device)
                yield made
                if any(outcome.record.status == "failed" for outcome in made) and is_lost(device):
                    raise CatsError(f"{device} answers no more after the last error; run the plan again, in a new process")
                rest = remainder(rest, admitted)


@contextmanager
def held(engine: Engine) -> Iterator[tuple[Engine, int]]:
    """An engine that runs jobs batch after batch, and how many jobs it runs at a time.

    An engine with a method `held`, a context manager that gives such a pair, keeps its workers between the batches.
    """
    hold = getattr(engine, "held", None)
    if hold is None:
        yield engine, 1
        return
    with hold() as pair:
        yield pair


def local(options: EngineOptions) -> Local:
    """The engine `local`. Raises CatsError for options of workers."""
    for name in ("scheduler", "workers", "devices"):
        if getattr(options, name) is not None:
            raise CatsError(f"--{name} needs --engine dask")
    return Local(options.device)


def remainder(job: Job, admitted: Job) -> Job | None:
    """The cells of a job that are left when only its first cells were admitted; None if all of it was."""
    if len(admitted.cells) == len(job.cells):
        return None
    return replace(job, cells=job.cells[len(admitted.cells) :])
