"""Carry jobs, as specs, to the workers of a Dask cluster, and outcomes back."""

import asyncio
import time
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from benchmark.execution.cluster.worker import interrupt, run_task
from benchmark.execution.cluster.worker_pool import REFRESH_SECONDS, WorkerPool
from benchmark.execution.dispatch.dispatcher import STOP_SECONDS
from benchmark.execution.dispatch.transport import Completion, WorkerDiedError
from benchmark.execution.engine import RunControl
from benchmark.specs.job import Job
from results.record import Outcome

Make = Callable[[Job, str], list[Outcome]]
FETCH_SECONDS = 30.0  # time to fetch the outcomes of a task that has ended; afterwards its worker counts as dead
MAX_FETCHERS = 64  # threads that fetch outcomes


class DaskTransport:
    """A Transport (see there) over a Dask client.

    Tasks are bound to their worker, because Dask's own retry would wait for ever while no worker is connected. Outcomes are
    fetched in many threads, so that a machine that died with its outcomes does not delay the outcomes of others.
    """

    refresh_seconds = REFRESH_SECONDS

    def __init__(self, pool: WorkerPool, make: Make, control: RunControl) -> None:
        self._pool, self._make, self._control = pool, make, control
        self._futures: dict[str, Any] = {}  # by task; Dask keeps the outcomes of a task as long as its future exists
        self._fetchers = ThreadPoolExecutor(MAX_FETCHERS, thread_name_prefix="cats fetch")
        self.exclude, self.retired = pool.exclude, pool.retired
        self.resources, self.hardware, self.refresh = pool.resources, pool.hardware, pool.refresh

    @property
    def workers(self) -> set[str]:
        """See Transport."""
        return self._pool.compatible

    def submit(self, job: Job, worker: str, done: Callable[[Completion], None]) -> str:
        """See Transport."""
        task = f"cats-{uuid.uuid4().hex}"
        future = self._pool.client.submit(
            run_task, self._make, job, self._pool.device, task, key=task, workers=[worker], pure=False
        )
        self._futures[task] = future
        future.add_done_callback(lambda ended: self._fetch(task, ended, done))
        return task

    def cancel(self, tasks: Collection[str]) -> None:
        """See Transport."""
        futures = [future for task in tasks if (future := self._futures.pop(task, None)) is not None]
        if futures:
            with suppress(Exception):
                self._pool.client.cancel(futures, force=True)

    def interrupt(self, tasks: frozenset[str], workers: Collection[str], seconds: float) -> dict[str, float | None]:
        """See Transport."""
        client = self._pool.client

        async def ask(worker: str) -> tuple[str, float | None]:
            answer = client.run(interrupt, tasks, workers=[worker], asynchronous=True)
            return worker, (await asyncio.wait_for(answer, seconds))[worker]

        async def ask_all() -> list[Any]:
            return list(await asyncio.gather(*map(ask, workers), return_exceptions=True))

        with suppress(OSError, RuntimeError):
            return dict(answer for answer in client.sync(ask_all) if isinstance(answer, tuple))
        return {}

    def close(self) -> None:
        """Fetch no more outcomes."""
        self._fetchers.shutdown(wait=False, cancel_futures=True)
        self._futures.clear()

    def _fetch(self, task: str, future: Any, done: Callable[[Completion], None]) -> None:
        at = time.monotonic()

        def fetch() -> None:
            seconds = STOP_SECONDS if self._control.stopping else FETCH_SECONDS
            try:
                result = future.result(timeout=seconds)
            except BaseException as error:  # noqa: BLE001 - the dispatcher decides what it means
                result = self._translated(error)
            if not isinstance(result, WorkerDiedError):  # else the dispatcher cancels the task
                self._futures.pop(task, None)
            done(Completion(task, at, result))

        with suppress(RuntimeError):  # after close()
            self._fetchers.submit(fetch)

    def _translated(self, error: BaseException) -> BaseException:
        """Convert an exception of Dask to one of a Transport."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        if isinstance(error, KilledWorker | TimeoutError):
            return WorkerDiedError(str(error))
        return self._pool.lost() if isinstance(error, FutureCancelledError) else error
