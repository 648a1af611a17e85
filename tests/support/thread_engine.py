"""A small engine of another kind: its one worker is a thread of this process, and the dispatcher does the rest."""

import itertools
import threading
import time
from dataclasses import dataclass
from typing import ClassVar

from benchmark.execution.dispatch.dispatcher import dispatch
from benchmark.execution.dispatch.transport import Completion
from benchmark.execution.execute import make
from benchmark.machine.cancellation import clear_stop, request_stop


class ThreadTransport:
    refresh_seconds = 0.05

    def __init__(self, device):
        self.device, self.workers, self._numbers, self._threads = device, {"thread"}, itertools.count(), []

    def refresh(self):
        return []

    def submit(self, job, worker, done):
        task = f"task-{next(self._numbers)}"

        def work():
            outcomes = make(job, self.device)
            done(Completion(task, time.monotonic(), outcomes))

        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()
        return task

    def cancel(self, tasks):
        if tasks:
            request_stop()

    def interrupt(self, tasks, workers, seconds):
        request_stop()
        return {}

    def exclude(self, worker, reason):
        self.workers.discard(worker)

    def retired(self, worker):
        return False

    def resources(self, worker):
        return "machine", "card"

    def hardware(self, worker):
        return "cpu", "ram"

    def close(self):
        request_stop()
        for thread in self._threads:
            thread.join()
        clear_stop()


@dataclass(frozen=True)
class ThreadEngine:
    device: str = "cpu"
    remote: ClassVar[bool] = False

    def outcomes(self, jobs, control):
        transport = ThreadTransport(self.device)
        try:
            yield from dispatch(jobs, control, transport)
        finally:
            transport.close()
