"""Jobs done by the workers of a Dask cluster: sent as specs, placed where their target lies, tried again when one dies."""

import logging
import queue
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.ahead import Ahead
from benchmark.cluster import PATIENCE, about, connected, misfit
from benchmark.energy import beside
from benchmark.home import home
from benchmark.job import Job
from results.error import CatsError
from results.record import Outcome

log = logging.getLogger(__name__)
LOOK = 1.0  # seconds between two looks at who is there
GREETING = 60.0  # seconds that workers who were there at the start have to say what they are
FETCHING = 30.0  # seconds to fetch what a worker says is done
DEATHS = 3  # of the worker that does a job; then the job fails
WAITING = 64  # what so many jobs left may wait for the runner before no more are begun


def make_there(job: Job, device: str, workers: int) -> list[Outcome]:
    """What a worker does with a job, one of so many on its machine, of whose energy each job bears its share."""
    from benchmark.device import device_of
    from benchmark.make import make

    made = make(job, str(device_of(device)))
    costs = [beside(outcome.record.costs, workers) for outcome in made]
    return [replace(o, record=o.record.model_copy(update={"costs": c})) for o, c in zip(made, costs, strict=True)]


@dataclass(frozen=True)
class Dask:
    """Workers of a Dask cluster.

    Attributes:
        device: auto, cpu or cuda, as each worker sees it.
        scheduler: address of a running one; None starts a cluster on this machine, see benchmark.cluster.
        workers: how many of our own; None takes one per GPU, else one per two cores.
        shared_home: whether workers must see the driver's CATS_HOME, because a pretraining leaves its weights there.
        make: what a worker does with a job, given its device and how many workers its machine has.
    """

    device: str = "auto"
    scheduler: str | None = None
    workers: int | None = None
    shared_home: bool = True
    make: Callable[[Job, str, int], list[Outcome]] = make_there

    def outcomes(self, jobs: Iterable[Job], begins: Callable[[str], None]) -> Iterator[list[Outcome]]:
        """See Engine. Raises CatsError if there is no cluster, if a worker is no match for the driver, or if all is lost."""
        with connected(self.scheduler, self.workers, self.device) as client, _token() as token:
            crew = Crew(self, client, token)
            crew.welcome()
            feed = Feed(self, crew, Ahead(jobs), begins)
            thread = threading.Thread(target=feed.run, name="cats feed", daemon=True)
            thread.start()
            try:
                while (found := feed.outcomes.get()) is not None:
                    if isinstance(found, BaseException):
                        raise found
                    yield found
            finally:
                feed.stop()
                thread.join(timeout=PATIENCE)


class Crew:
    """The workers of a cluster: who is there, who fits, and how many share a machine."""

    def __init__(self, engine: Dask, client: Any, token: str) -> None:
        self.engine, self.client, self.token = engine, client, token
        self.fit: set[str] = set()
        self._asked: dict[str, Any] = {}  # worker → the future of what it says of itself
        self._looked = 0.0
        self._alone = False

    def welcome(self) -> None:
        """Wait until somebody is there, then hear everyone who is. Raises CatsError if one does not fit."""
        patience = time.monotonic() + GREETING
        while not self.fit or (any(self._asked.values()) and time.monotonic() < patience):
            strangers = self.look()
            if strangers:
                raise CatsError(strangers[0])
            if not self._asked:
                patience = time.monotonic() + GREETING
            time.sleep(0.05 if self._asked else LOOK / 2)

    def look(self) -> list[str]:
        """See who has come and who has gone. Returns why some of those that came do not fit."""
        try:
            present = set(self.client.nthreads())
        except (OSError, RuntimeError) as error:
            raise self.lost() from error
        self._looked = time.monotonic()
        if not present and not self._alone:
            log.warning("no worker is there at the Dask scheduler at %s; waiting for one", self.client.scheduler.address)
        self._alone = not present
        self.fit &= present
        for gone in self._asked.keys() - present:
            del self._asked[gone]
        for worker in present - self.fit - self._asked.keys():
            self._asked[worker] = self.client.submit(
                about, self.token, self.engine.device, key=f"about-{uuid.uuid4().hex}", workers=[worker], pure=False
            )
        return [trouble for worker in list(self._asked) if (trouble := self._hear(worker)) is not None]

    def _hear(self, worker: str) -> str | None:
        future = self._asked[worker]
        if future is None or not future.done():
            return None
        try:
            trouble = misfit(worker, future.result(), shared_home=self.engine.shared_home)
        except Exception as error:  # noqa: BLE001 - whatever an installation of another kind may raise
            trouble = f"worker {worker} cannot load this version of cats-bench: {type(error).__name__}: {error}"
        if trouble is None:
            del self._asked[worker]
            self.fit.add(worker)
        else:
            self._asked[worker] = None  # never asked again
        return trouble

    def beside(self, worker: str) -> int:
        """How many workers the machine of this one has."""
        return max(1, sum(_host(other) == _host(worker) for other in self.fit))

    def due(self) -> bool:
        """Whether it is time to look again."""
        return time.monotonic() - self._looked > LOOK

    def lost(self) -> CatsError:
        """What to say when the scheduler is gone."""
        where = self.client.scheduler.address
        return CatsError(f"the Dask scheduler at {where} is gone; nothing finished is lost, run the plan again to go on")


@dataclass(frozen=True)
class Flight:
    """A job on its way: who does it, since when (seconds since 1970)."""

    job: Job
    worker: str
    begun: float


class Feed:
    """Gives jobs to workers as they become free and passes on what they leave, in a thread of its own.

    So workers go on while the runner waits for MLflow. A job is bound to its worker: if that is gone, the job is given to
    another from here, because Dask's own retry waits for ever where no worker is left for a moment.
    """

    def __init__(self, engine: Dask, crew: Crew, ahead: Ahead, begins: Callable[[str], None]) -> None:
        self.engine, self.crew, self.ahead, self.begins = engine, crew, ahead, begins
        self.outcomes: queue.Queue[list[Outcome] | BaseException | None] = queue.Queue()
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()  # futures, or None as a wake-up
        self._flights: dict[Any, Flight] = {}
        self._load: Counter[str] = Counter()
        self._deaths: Counter[str] = Counter()  # by key of the job
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Begin nothing more and take back what is under way."""
        self._stopped.set()
        self._done.put(None)

    def run(self) -> None:
        """Do all jobs; ends with None in `outcomes`, or with what went wrong."""
        end: BaseException | None = None
        try:
            while not self._stopped.is_set() and (self._begin() or self._flights):
                self._wait()
        except BaseException as error:  # noqa: BLE001 - the runner's thread raises it
            end = error
        if self.engine.scheduler is not None:  # workers of our own are killed
            with suppress(Exception):
                self.crew.client.cancel(list(self._flights), force=True)
        self.outcomes.put(end)

    def _begin(self) -> bool:
        """Give every free worker a job. Returns whether there is any left to give."""
        total = len(self.crew.fit)
        left = self.ahead.look(total)
        if self.outcomes.qsize() >= max(WAITING, 2 * total):
            return left
        for worker in sorted(self.crew.fit):
            if not self._load[worker]:  # one job at a time, whatever its threads: a process has one meter of energy
                job = self.ahead.take(worker)
                if job is None:
                    return left
                self.begins(str(job))
                future = self.crew.client.submit(
                    self.engine.make, job, self.engine.device, self.crew.beside(worker),
                    key=f"cats-{uuid.uuid4().hex}", workers=[worker], pure=False,
                )  # fmt: skip
                self._flights[future] = Flight(job, worker, time.time())
                self._load[worker] += 1
                future.add_done_callback(self._done.put)
                left = self.ahead.look(total)
        return left

    def _wait(self) -> None:
        """Until something is done, or it is time to see who is there."""
        done = []
        with suppress(queue.Empty):
            done.append(self._done.get(timeout=LOOK))
            while True:
                done.append(self._done.get_nowait())
        for future in done:
            if future in self._flights:
                self._land(future)
        if self.crew.due():
            for trouble in self.crew.look():
                log.warning("%s; it gets no job", trouble)
            for worker in self._load.keys() - self.crew.fit:
                self.ahead.forget(worker)
                for future in [future for future, flight in self._flights.items() if flight.worker == worker]:
                    self._died(future)
                del self._load[worker]

    def _land(self, future: Any) -> None:
        """Pass on what a job has left, or why nothing came."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            self._end(future, future.result(timeout=FETCHING))
        except (KilledWorker, TimeoutError):  # it died with what it had done
            self._died(future)
        except FutureCancelledError as error:
            raise self.crew.lost() from error
        except CatsError as error:
            self._fail(future, str(error))
        except Exception as error:  # noqa: BLE001 - what fails is recorded and the run goes on
            self._fail(future, f"{type(error).__name__}: {error}")

    def _died(self, future: Any) -> None:
        """Its worker is gone: another one tries, unless this job is what workers die of."""
        job = self._flights[future].job
        self._deaths[job.key] += 1
        if self._deaths[job.key] >= DEATHS:
            self._fail(future, f"killed its worker {DEATHS} times")
            return
        log.info("the worker that did %s is gone; another one tries", job)
        self._load[self._flights.pop(future).worker] -= 1
        self.ahead.give_back(job)

    def _fail(self, future: Any, reason: str) -> None:
        from benchmark.make import attempts_at

        flight = self._flights[future]
        self._end(future, [attempt.failed(reason, flight.begun) for attempt in attempts_at(flight.job)])

    def _end(self, future: Any, outcomes: list[Outcome]) -> None:
        flight = self._flights.pop(future)
        self._load[flight.worker] -= 1
        self.ahead.settle(flight.job)
        self.outcomes.put(outcomes)


def _host(worker: str) -> str:
    """Of tcp://host:port."""
    return worker.rpartition("://")[2].rpartition(":")[0]


@contextmanager
def _token() -> Iterator[str]:
    """The name of a file in CATS_HOME: who sees it shares the folder."""
    with ExitStack() as stack:
        try:
            home().mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(tempfile.NamedTemporaryFile(prefix=".driver-", dir=home()))
        except OSError as error:
            raise CatsError(f"cannot write to CATS_HOME, {home()}: {error.strerror}") from error
        yield Path(file.name).name
