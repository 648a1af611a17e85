"""The workers of a Dask cluster: which are connected, which are compatible, where each works, and how one of them ended."""

import asyncio
import logging
import time
import uuid
from collections.abc import Collection
from typing import Any

from benchmark.execution.cluster.compatibility import CLOSING, WorkerInfo, incompatibility, worker_info
from benchmark.execution.dispatch.transport import TransportLostError
from results.error import CatsError

log = logging.getLogger(__name__)
REFRESH_SECONDS = 1.0  # between two checks of which workers are connected
ANSWER_SECONDS = 60.0  # for workers that were connected at the start to describe themselves
FETCH_SECONDS = 5.0  # to fetch an answer that is there; its worker may have died since, and Dask would wait for ever
INCOMPATIBLE_SECONDS = (
    10.0  # all connected workers may be incompatible for so long, since another worker may be about to connect
)
SCHEDULER_REMOVED = "scheduler-remove-worker"  # reason of an event: the scheduler gave up a worker that did not answer


def fetched(future: Any, seconds: float) -> Any:
    """The result of a Dask task that has ended. Raises its error, or TimeoutError if no result arrives in time.

    Dask's `Future.result` does the same, but a timeout leaves a task in its event loop whose error is logged with a traceback
    once the worker is known to be gone.
    """

    async def gather() -> list[Any]:
        found = future.client.gather([future], errors="skip", asynchronous=True)
        return list(await asyncio.wait_for(found, seconds))

    if future.status not in {"error", "cancelled"} and (results := future.client.sync(gather)):
        return results[0]
    return future.result(timeout=seconds)


class WorkerPool:
    """The workers of a Dask cluster.

    Attributes:
        compatible: addresses of the connected workers that may get jobs.
    """

    def __init__(self, client: Any, device: str, token: str, *, shared_home: bool) -> None:
        self.client, self.device, self.token, self.shared_home = client, device, token, shared_home
        self.compatible: set[str] = set()
        self._infos: dict[str, WorkerInfo] = {}
        self._asked: dict[str, Any] = {}  # worker → future of its WorkerInfo; None if it is incompatible
        self._empty = False
        self._incompatible_since: float | None = None
        self._reason = ""

    def wait_for_workers(self) -> None:
        """Wait until a worker is connected and all connected workers have answered. Raises CatsError if one is incompatible."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self.compatible or (any(self._asked.values()) and time.monotonic() < deadline):
            reasons = self.refresh()
            if reasons:
                raise CatsError(reasons[0])
            if not self._asked:
                deadline = time.monotonic() + ANSWER_SECONDS
            time.sleep(0.05 if self._asked else REFRESH_SECONDS / 2)

    def refresh(self) -> list[str]:
        """Update `compatible`. Returns one sentence for each new worker that is incompatible.

        Raises CatsError if the scheduler is gone, or if no connected worker has been compatible for INCOMPATIBLE_SECONDS.
        """
        try:
            connected = set(self.client.nthreads())
        except (OSError, RuntimeError) as error:
            raise self.lost() from error
        if not connected and not self._empty:
            address = self.client.scheduler.address
            log.warning("no worker is connected to the Dask scheduler at %s; waiting for one", address)
        self._empty = not connected
        self.compatible &= connected
        for worker in self._asked.keys() - connected:
            del self._asked[worker]
        for worker in connected - self.compatible - self._asked.keys():
            self._asked[worker] = self.client.submit(
                worker_info, self.token, self.device, key=f"info-{uuid.uuid4().hex}", workers=[worker], pure=False
            )
        reasons = [reason for worker in list(self._asked) if (reason := self._read_answer(worker)) is not None]
        self._check_some_compatible(connected)
        return reasons

    def _read_answer(self, worker: str) -> str | None:
        from distributed import KilledWorker

        future = self._asked[worker]
        if future is None or not future.done():
            return None
        try:
            info = fetched(future, FETCH_SECONDS)
            reason = incompatibility(worker, info, shared_home=self.shared_home)
        except Exception as error:  # noqa: BLE001 - another version of cats-bench may raise anything
            late = isinstance(error, TimeoutError) and future.status != "error"  # an error of the worker may be one, too
            if late or isinstance(error, KilledWorker):
                return None  # the worker is gone or slow; the next refresh finds out
            reason = f"worker {worker} cannot load this version of cats-bench: {type(error).__name__}: {error}"
        if reason is None:
            del self._asked[worker]
            self._infos[worker] = info
            self.compatible.add(worker)
        else:
            self.exclude(worker, reason)
        return reason

    def exclude(self, worker: str, reason: str) -> None:
        """Give this worker no more jobs, and do not ask it again while it is connected."""
        self.compatible.discard(worker)
        self._asked[worker], self._reason = None, reason

    def _check_some_compatible(self, connected: Collection[str]) -> None:
        now = time.monotonic()
        if not connected or self.compatible or any(self._asked.values()):
            self._incompatible_since = None
        elif self._incompatible_since is None:
            self._incompatible_since = now
        elif now - self._incompatible_since > INCOMPATIBLE_SECONDS:
            raise CatsError(f"none of the {len(connected)} connected workers can run jobs of this driver: {self._reason}")

    def resources(self, worker: str) -> tuple[str, str]:
        """Names of the worker's machine and of its GPU, equal for all workers that share it; its address if no GPU is known."""
        info = self._infos[worker]
        return info.machine, info.card or worker

    def hardware(self, worker: str) -> tuple[str, ...]:
        """The hardware that uses energy when the worker runs a job, as far as it is known."""
        return ("cpu", "ram", "gpu") if self._infos[worker].card else ("cpu", "ram")

    def retired(self, worker: str) -> bool:
        """Whether a worker that is gone left in good order (pre-empted, retired, stopped by hand) rather than having died."""
        try:
            events = [event for _, event in self.client.get_events(worker)]
        except (OSError, RuntimeError):
            return False
        leaving = [event for event in events if isinstance(event, dict) and event.get("action") == CLOSING]
        return any(event.get("reason") != SCHEDULER_REMOVED for event in leaving)

    def lost(self) -> TransportLostError:
        """The error to raise when the scheduler is gone."""
        address = self.client.scheduler.address
        return TransportLostError(
            f"the Dask scheduler at {address} is gone; nothing finished is lost, run the plan again to continue"
        )
