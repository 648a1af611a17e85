"""Give the jobs of a plan to workers: one job at a time to each, again if the worker dies, and cell by cell after a death.

This module holds the policy alone: a Transport carries the jobs, so other engines than Dask can use it, through `dispatch`.
"""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from benchmark.execution.dispatch.assignment import Assignment, Assignments, reduced
from benchmark.execution.dispatch.job_queue import JobQueue
from benchmark.execution.dispatch.transport import (
    Completion,
    IncompatibleError,
    Transport,
    TransportLostError,
    WorkerDiedError,
)
from benchmark.execution.engine import RunControl, remainder
from benchmark.machine.signals import record_signals
from benchmark.specs.job import Job
from results.error import CatsError
from results.record import GIVEN_OUT_AGAIN, Outcome

log = logging.getLogger(__name__)
STOP_SECONDS = 4.0  # for running jobs to end in good order after a stop; a cluster may kill the driver after ten
CLOSE_SECONDS = 8.0  # for the dispatcher's thread to end when its results are no longer needed
MAX_DEATHS = 3  # worker deaths during one job; then the job fails
MAX_UNBOOKED = 64  # finished jobs that may wait for the runner before no more jobs start


def dispatch(jobs: Iterable[Job], control: RunControl, transport: Transport) -> Iterator[list[Outcome]]:
    """Run jobs on the workers of a transport, with all promises of an Engine. Raises the errors of the transport."""
    dispatcher = Dispatcher(transport, JobQueue(jobs), control)
    thread = threading.Thread(target=dispatcher.run, name="cats dispatcher", daemon=True)
    thread.start()
    try:
        while (outcomes := dispatcher.next()) is not None:
            yield outcomes
            dispatcher.mark_booked()
    finally:
        dispatcher.abandon()
        thread.join(timeout=CLOSE_SECONDS)


class Dispatcher:
    """Assigns jobs to free workers and collects their outcomes. `run` works in a separate thread; `next` returns outcomes.

    Because of the thread, workers go on while the runner waits for MLflow. A job is bound to one worker. If that worker is
    gone, this class gives the job to another worker; a transport must not retry a job itself.
    """

    def __init__(self, transport: Transport, jobs: JobQueue, control: RunControl) -> None:
        self.transport, self.jobs, self.control = transport, jobs, control
        self._results: queue.Queue[list[Outcome] | BaseException | None] = queue.Queue()
        self._completions: queue.SimpleQueue[Completion | None] = queue.SimpleQueue()  # None wakes up the thread
        self._running = Assignments(transport)
        self._workers = set(transport.workers)
        self._refreshed = time.monotonic()
        self._admitted: set[str] = set()  # keys of cells and pretrainings that were admitted and have not ended
        self._deaths: Counter[str] = Counter()  # by key of the job
        self._abandoned = threading.Event()

    def next(self) -> list[Outcome] | None:
        """The outcomes of the next job; None after the last. Raises the error that ended the run. Signals are left to `run`."""
        with record_signals():
            result = self._results.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def mark_booked(self) -> None:
        """Note that the runner has booked the last result: jobs that had to wait for its cost may start."""
        self._results.task_done()
        self._completions.put(None)

    def abandon(self) -> None:
        """Start no more jobs; the remaining results are not needed."""
        self._abandoned.set()
        self._completions.put(None)

    def run(self) -> None:
        """Run all jobs. Afterwards `next` returns None, or raises the error that ended the run early."""
        end: BaseException | None = None
        try:
            while not self._stopping and self._is_open():
                self._wait()
        except BaseException as error:  # noqa: BLE001 - `next` raises it in the runner's thread
            end = error
        try:
            with suppress(Exception):
                self._stop()
            self._cancel(self._running.tasks)
        finally:  # without an end, `next` would wait for ever
            self._results.put(end)

    @property
    def _stopping(self) -> bool:
        return self._abandoned.is_set() or self.control.stopping

    def _is_open(self) -> bool:
        """Give free workers jobs. Returns whether more results may come, also because a booking may bring more jobs."""
        unbooked = bool(self._results.unfinished_tasks)  # asked before the jobs are read: a booking may come in between
        return self._assign() or bool(self._running) or unbooked

    def _assign(self) -> bool:
        """Give every free worker a job. Returns whether any job is left to start, now or after more results are booked."""
        total = len(self.transport.workers)
        left = self.jobs.prefetch(total)
        if self._results.qsize() >= max(MAX_UNBOOKED, 2 * total):
            return left
        for worker in sorted(self.transport.workers - self._running.workers):  # one job each: a process has one energy meter
            job = self.jobs.take(worker)
            if job is None:
                return left
            unbooked = bool(self._running or self._results.unfinished_tasks)
            if not self._start(job, worker):
                return unbooked
            left = self.jobs.prefetch(total)
        return left

    def _start(self, job: Job, worker: str) -> bool:
        """Give a worker a job, or the admitted part of it. Returns whether anything was admitted."""
        admitted = job if job.key in self._admitted else self.control.admit(job)
        if admitted is None:
            self.jobs.put_back(job)
            return False
        rest = remainder(job, admitted)
        if rest is not None:
            self.jobs.put_back(rest)
        self._admitted |= admitted.keys
        started, begun = time.time(), time.monotonic()
        task = self.transport.submit(admitted, worker, self._completions.put)
        self._running.add(task, Assignment(admitted, worker, started, begun))
        return True

    def _wait(self) -> None:
        """Wait until a task ends or the workers have to be refreshed, and handle both."""
        self._handle_completions(self.transport.refresh_seconds)
        if time.monotonic() - self._refreshed <= self.transport.refresh_seconds:
            return
        for reason in self.transport.refresh():
            log.warning("%s; it gets no job", reason)
        self._refreshed = time.monotonic()
        for worker in self._workers - self.transport.workers:
            self.jobs.forget(worker)
            for task in self._running.tasks_on(worker):
                self._retry(task)
        self._workers = set(self.transport.workers)

    def _handle_completions(self, seconds: float) -> None:
        """Handle all tasks that have ended; if there is none, wait for `seconds` until one ends."""
        completions = []
        with suppress(queue.Empty):
            completions.append(self._completions.get(timeout=seconds))
            while True:
                completions.append(self._completions.get_nowait())
        for completion in filter(None, completions):
            if completion.task in self._running:
                self._handle(completion)

    def _handle(self, completion: Completion) -> None:
        task = completion.task
        match completion.result:
            case list() as outcomes:
                self._end(task, outcomes, completion.at)
            case WorkerDiedError():
                self._retry(task)
            case TransportLostError() as error:
                raise error
            case IncompatibleError() as error:
                self._exclude(task, error)
            case CatsError() as error:
                self._fail(task, str(error))
            case error:  # an error of one job is recorded, and the other jobs go on
                self._fail(task, f"{type(error).__name__}: {error}")

    def _retry(self, task: str) -> None:
        """Record a job whose worker is gone and put it back, unless MAX_DEATHS workers have died during it.

        Cells that ran side by side are then run one by one, so that one cell cannot make the others fail.
        """
        if self._stopping:
            return  # _stop records it as interrupted
        job, worker = self._running[task].job, self._running[task].worker
        parts = [job]
        if not self.transport.retired(worker):
            self._deaths[job.key] += len(job.cells) < 2
            parts = [replace(job, cells=(cell,)) for cell in job.cells] or parts
        if self._deaths[job.key] >= MAX_DEATHS:
            self._fail(task, f"killed its worker {MAX_DEATHS} times")
            return
        end = "has left" if self.transport.retired(worker) else "was lost"
        log.warning("worker %s %s while it ran %s, which is given out again", worker, end, job)
        assignment, shares = self._running.remove(task)
        reason = f"its worker {end}{GIVEN_OUT_AGAIN}"
        lost = assignment.interrupted(assignment.seconds, self.transport.hardware(worker), reason)
        self._results.put(reduced(lost, shares))
        self._cancel([task])
        for part in reversed(parts):
            self.jobs.put_back(part)

    def _exclude(self, task: str, reason: IncompatibleError) -> None:
        """Exclude the worker of this task and put its job back: this worker would compute other cells under the same names."""
        assignment, _ = self._running.remove(task)
        sentence = f"worker {assignment.worker}: {reason}"
        self.transport.exclude(assignment.worker, sentence)
        log.warning("%s; it gets no job", sentence)
        self.jobs.forget(assignment.worker)
        self.jobs.put_back(assignment.job)

    def _fail(self, task: str, reason: str) -> None:
        self._end(task, self._running[task].failed(reason))

    def _end(self, task: str, outcomes: list[Outcome], at: float | None = None) -> None:
        """Return the outcomes of a job, with costs reduced to its shares of machine and GPU."""
        assignment, shares = self._running.remove(task, at)
        self.jobs.mark_ended(assignment.job)
        self._admitted -= assignment.job.keys
        self._results.put(reduced(outcomes, shares))

    def _stop(self) -> None:
        """Interrupt running jobs. Those that have not ended after STOP_SECONDS are recorded with their time and no energy."""
        if not self._running:
            return
        deadline = time.monotonic() + STOP_SECONDS
        answers = self.transport.interrupt(frozenset(self._running.tasks), self._running.workers, STOP_SECONDS / 2)
        while self._running and not self._abandoned.is_set() and time.monotonic() < deadline:
            with suppress(CatsError):
                self._handle_completions(max(0.0, deadline - time.monotonic()))
        self._cancel(self._running.tasks)
        for task in self._running.tasks:
            assignment = self._running[task]
            seconds = answers.get(assignment.worker, assignment.seconds)
            if seconds is not None:  # None: the job has not begun
                self._end(task, assignment.interrupted(seconds, self.transport.hardware(assignment.worker)))

    def _cancel(self, tasks: Collection[str]) -> None:
        """Discard tasks. An error of the transport is logged, because the records of the run matter more than these tasks."""
        try:
            self.transport.cancel(tasks)
        except Exception:
            log.warning("the transport could not cancel %d tasks", len(tasks), exc_info=True)
