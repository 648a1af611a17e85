"""A transport whose workers are names in memory: each test says what becomes of every job."""

import itertools
import threading
import time

from benchmark.execution.dispatch.transport import Completion, WorkerDiedError


class MemoryTransport:
    """Calls `run(job, worker)` when a job is submitted, in the thread of the dispatcher.

    `run` returns outcomes or an exception, which end the task at once, or None: then it runs until `end` is called.
    """

    refresh_seconds = 0.01

    def __init__(self, run, *workers):
        self.workers, self._run, self._numbers = set(workers), run, itertools.count()
        self.tasks, self.cancelled, self.interrupted, self.excluded = {}, [], [], {}
        self.left, self.arriving = {}, []  # worker → whether it left in good order; workers to connect at the next refresh
        self.begun = threading.Condition()
        self.fault = None

    def refresh(self):
        if self.fault is not None:
            raise self.fault
        self.workers |= set(self.arriving)
        self.workers -= self.left.keys() | self.excluded.keys()
        return []

    def submit(self, job, worker, done):
        task = f"task-{next(self._numbers)}"
        with self.begun:
            self.tasks[task] = (job, worker, done)
            self.begun.notify_all()
        result = self._run(job, worker)
        if result is not None:
            self.end(task, result)
        return task

    def end(self, task, result):
        self.tasks.pop(task)[2](Completion(task, time.monotonic(), result))

    def lose(self, worker, *, retired=False):
        """A worker goes away with the jobs that it runs, and gets no other one."""
        self.left[worker] = retired
        self.workers = self.workers - {worker}
        for task in [task for task, (_, where, _) in self.tasks.items() if where == worker]:
            self.end(task, WorkerDiedError())

    def wait_for(self, count):
        """Wait until so many tasks run at the same time; returns them as (task, job, worker)."""
        with self.begun:
            assert self.begun.wait_for(lambda: len(self.tasks) >= count, timeout=60)
        return [(task, job, worker) for task, (job, worker, _) in self.tasks.items()]

    def cancel(self, tasks):
        self.cancelled += tasks
        for task in tasks:
            self.tasks.pop(task, None)

    def interrupt(self, tasks, workers, seconds):
        self.interrupted.append((set(tasks), set(workers)))
        return {}

    def exclude(self, worker, reason):
        self.workers.discard(worker)
        self.excluded[worker] = reason

    def retired(self, worker):
        return self.left[worker]

    def resources(self, worker):
        return "machine", worker

    def hardware(self, worker):
        return "cpu", "ram"
