"""Gives the jobs of a plan to the workers of a cluster, places them where their target lies, tries again when one dies."""

import logging
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from benchmark.execution.cluster.job_queue import Ahead
from benchmark.execution.cluster.time_sharing import Together
from benchmark.execution.cluster.worker import MisfitError, held
from benchmark.execution.cluster.worker_pool import LOOK, Crew
from benchmark.execution.engine import RunControl
from benchmark.machine.cost_sharing import beside
from benchmark.machine.signals import noted
from benchmark.specs.job import Job
from results.error import CatsError
from results.record import Outcome

log = logging.getLogger(__name__)
Make = Callable[[Job, str], list[Outcome]]
FETCHING = 30.0  # seconds to fetch what a worker says is done
FETCHERS = 64  # threads that do so
GRACE = 4.0  # seconds that jobs in hand have to end in good order when all is stopped; a cluster may kill the driver after ten
DEATHS = 3  # of the worker that does a job; then the job fails
WAITING = 64  # what so many jobs left may wait for the runner before no more are begun


@dataclass(frozen=True, eq=False)  # to hash a job is dear
class Flight:
    """A job on its way: who does it, since when (seconds since 1970; of a clock that nobody sets)."""

    job: Job
    worker: str
    started: float
    at: float

    @property
    def seconds(self) -> float:
        """For how long."""
        return time.monotonic() - self.at


@dataclass(frozen=True)
class Landing:
    """The end of a flight: `future`, `at` which moment, and what came of it."""

    future: Any
    at: float
    found: list[Outcome] | BaseException


class Feed:
    """Gives jobs to workers as they become free and passes on what they leave, in a thread of its own.

    So workers go on while the runner waits for MLflow. A job is bound to its worker: if that is gone, the job is given to
    another from here, because Dask's own retry waits for ever where no worker is left for a moment. What they leave is fetched
    side by side: a machine that dies with the results of its workers keeps those of the others waiting for nothing.
    """

    def __init__(self, crew: Crew, ahead: Ahead, control: RunControl, make: Make) -> None:
        self.crew, self.ahead, self.control, self.make = crew, ahead, control, make
        self._left: queue.Queue[list[Outcome] | BaseException | None] = queue.Queue()
        self._done: queue.SimpleQueue[Landing | None] = queue.SimpleQueue()  # None as a wake-up
        self._fetching = ThreadPoolExecutor(FETCHERS, thread_name_prefix="cats fetch")
        self._flights: dict[Any, Flight] = {}
        self._known = set(crew.fit)
        self._admitted: set[str] = set()  # keys of what may begin and has not ended
        self._together = Together()
        self._deaths: Counter[str] = Counter()  # by key of the job
        self._dropped = threading.Event()

    def next(self) -> list[Outcome] | None:
        """What the next job has left; None after the last. Raises what went wrong. A signal is for run() to see."""
        with noted():
            found = self._left.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def counted(self) -> None:
        """The runner knows what the last one cost: what had to wait for that may begin."""
        self._left.task_done()
        self._done.put(None)

    def drop(self) -> None:
        """Begin nothing more; nobody asks what is left."""
        self._dropped.set()
        self._done.put(None)

    def run(self) -> None:
        """Do all jobs; next() gives None when all are done, or raises what went wrong."""
        end: BaseException | None = None
        try:
            while not self._over() and (self._begin() or self._flights):
                self._wait()
        except BaseException as error:  # noqa: BLE001 - the runner's thread raises it
            end = error
        with suppress(Exception):
            self._call_off()
        with suppress(Exception):
            self.crew.client.cancel(list(self._flights), force=True)
        self._fetching.shutdown(wait=False, cancel_futures=True)
        self._flights.clear()  # what Dask keeps for them is let go as long as it can be asked to
        self._left.put(end)

    def _over(self) -> bool:
        return self._dropped.is_set() or self.control.stopping

    def _begin(self) -> bool:
        """Give every free worker a job. Returns whether there is any left to give, now or when more is counted."""
        total = len(self.crew.fit)
        left = self.ahead.look(total)
        if self._left.qsize() >= max(WAITING, 2 * total):
            return left
        busy = {flight.worker for flight in self._flights.values()}
        for worker in sorted(
            self.crew.fit - busy
        ):  # one job at a time, whatever its threads: a process has one meter of energy
            job = self.ahead.take(worker)
            if job is None:
                return left
            uncounted = bool(self._flights or self._left.unfinished_tasks)
            if not self._admit(job, worker):
                return uncounted
            left = self.ahead.look(total)
        return left

    def _admit(self, job: Job, worker: str) -> bool:
        """Give a worker a job, or the part of it for which there is room. Returns whether there is any."""
        granted = job if job.key in self._admitted else self.control.admit(job)
        if granted is None:
            self.ahead.give_back(job)
            return False
        if len(granted.cells) < len(job.cells):
            self.ahead.give_back(replace(job, cells=job.cells[len(granted.cells) :]))
        self._admitted |= granted.keys
        name, flight = f"cats-{uuid.uuid4().hex}", Flight(granted, worker, time.time(), time.monotonic())
        future = self.crew.client.submit(
            held, self.make, granted, self.crew.device, name, key=name, workers=[worker], pure=False
        )
        self._flights[future] = flight
        for place in self.crew.places(worker):
            self._together.begin(place, flight, flight.at)
        future.add_done_callback(self._fetch)
        return True

    def _fetch(self, future: Any) -> None:
        at = time.monotonic()

        def fetch() -> None:
            try:
                found = future.result(timeout=GRACE if self._over() else FETCHING)
            except BaseException as error:  # noqa: BLE001 - _land() looks what it is
                found = error
            self._done.put(Landing(future, at, found))

        with suppress(RuntimeError):  # all is over
            self._fetching.submit(fetch)

    def _wait(self) -> None:
        """Until something is done, or it is time to see who is there."""
        self._land_all(LOOK)
        if self.crew.due():
            for trouble in self.crew.look():
                log.warning("%s; it gets no job", trouble)
            for worker in self._known - self.crew.fit:
                self.ahead.forget(worker)
                for future in [future for future, flight in self._flights.items() if flight.worker == worker]:
                    self._died(future)
            self._known = set(self.crew.fit)

    def _land_all(self, patience: float) -> None:
        """What is done, or comes to be so within some seconds."""
        done = []
        with suppress(queue.Empty):
            done.append(self._done.get(timeout=patience))
            while True:
                done.append(self._done.get_nowait())
        for landing in filter(None, done):
            if landing.future in self._flights:
                self._land(landing)

    def _land(self, landing: Landing) -> None:
        """Pass on what a job has left, or why nothing came."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        future = landing.future
        match landing.found:
            case list() as outcomes:
                self._end(future, outcomes, landing.at)
            case KilledWorker() | TimeoutError():  # it died with what it had done
                self._died(future)
            case FutureCancelledError() as error:
                raise self.crew.lost() from error
            case MisfitError() as error:
                self._misfits(future, error)
            case CatsError() as error:
                self._fail(future, str(error))
            case error:  # what fails is recorded and the run goes on
                self._fail(future, f"{type(error).__name__}: {error}")

    def _died(self, future: Any) -> None:
        """Its worker is gone: another one tries, unless this job is what workers die of. Cells of a pack then go one by one."""
        if self._over():
            return  # it is written off
        job, worker = self._flights[future].job, self._flights[future].worker
        again = [job]
        if not self.crew.left(worker):
            self._deaths[job.key] += len(job.cells) < 2
            again = [replace(job, cells=(cell,)) for cell in job.cells] or again
        if self._deaths[job.key] >= DEATHS:
            self._fail(future, f"killed its worker {DEATHS} times")
            return
        log.info("the worker that did %s is gone; another one tries", job)
        self._release(future, time.monotonic())
        with suppress(Exception):
            future.cancel()  # nobody waits for what it had done
        for one in reversed(again):
            self.ahead.give_back(one)

    def _misfits(self, future: Any, why: MisfitError) -> None:
        """Another worker tries; this one would make other cells of the same names."""
        flight, _ = self._release(future, time.monotonic())
        self.crew.dismiss(flight.worker, f"worker {flight.worker}: {why}")
        log.warning("worker %s: %s; it gets no job", flight.worker, why)
        self.ahead.forget(flight.worker)
        self.ahead.give_back(flight.job)

    def _fail(self, future: Any, reason: str) -> None:
        from benchmark.execution.execute import attempts_at

        flight = self._flights[future]
        when = (flight.started, flight.seconds)
        self._end(future, [attempt.lost(reason, when) for attempt in attempts_at(flight.job)], time.monotonic())

    def _end(self, future: Any, outcomes: list[Outcome], at: float) -> None:
        flight, shares = self._release(future, at)
        self.ahead.settle(flight.job)
        self._admitted -= flight.job.keys
        costs = [beside(outcome.record.costs, *shares) for outcome in outcomes]
        self._left.put(
            [replace(o, record=o.record.model_copy(update={"costs": c})) for o, c in zip(outcomes, costs, strict=True)]
        )

    def _release(self, future: Any, at: float) -> tuple[Flight, list[float]]:
        """Its worker is free; what of its machine and of its card was its own meanwhile."""
        flight = self._flights.pop(future)
        places = self.crew.places(flight.worker)
        return flight, [self._together.end(place, flight, at - flight.at, at) for place in places]

    def _call_off(self) -> None:
        """Have what is under way end. What has not within some seconds is written off, with the time that it took."""
        if not self._flights:
            return
        until = time.monotonic() + GRACE
        names = frozenset(str(future.key) for future in self._flights)
        answers = self.crew.halt(names, {flight.worker for flight in self._flights.values()}, GRACE / 2)
        while self._flights and not self._dropped.is_set() and time.monotonic() < until:
            with suppress(CatsError):
                self._land_all(max(0.0, until - time.monotonic()))
        for future, flight in list(self._flights.items()):
            seconds = answers.get(flight.worker, flight.seconds)
            if seconds is not None:  # else it had not begun
                self._write_off(future, seconds)

    def _write_off(self, future: Any, seconds: float) -> None:
        from benchmark.execution.execute import attempts_at

        flight = self._flights[future]
        when, hardware, attempts = (flight.started, seconds), self.crew.hardware(flight.worker), attempts_at(flight.job)
        self._end(future, [each.cut_off(when, hardware, len(attempts)) for each in attempts], time.monotonic())
