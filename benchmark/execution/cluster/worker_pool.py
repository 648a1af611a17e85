"""The workers of a cluster: who is there, who fits, where each one works, and whether one that is gone left of itself."""

import asyncio
import logging
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from benchmark.execution.cluster.compatibility import CLOSING, About, about, misfit
from benchmark.execution.cluster.worker import halt_there
from results.error import CatsError

log = logging.getLogger(__name__)
LOOK = 1.0  # seconds between two looks at who is there
GREETING = 60.0  # seconds that workers who were there at the start have to say what they are
UNFIT = 10.0  # seconds that those who are there may all be misfits; somebody may be about to come back
OURS = "scheduler-remove-worker"  # the reason of a worker to leave whom the scheduler has given up: no going of its own


class Crew:
    """The workers of a cluster: who is there, and who fits."""

    def __init__(self, client: Any, device: str, token: str, *, shared_home: bool) -> None:
        self.client, self.device, self.token, self.shared_home = client, device, token, shared_home
        self.fit: set[str] = set()
        self._asked: dict[str, Any] = {}  # worker → the future of what it says of itself; None if it does not fit
        self._told: dict[str, About] = {}
        self._looked = 0.0
        self._alone = False
        self._unfit_since: float | None = None
        self._why = ""

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
        """See who has come and who has gone. Returns why some of those that came do not fit.

        Raises CatsError if the scheduler is gone, or if nobody who is there has fitted for a while.
        """
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
                about, self.token, self.device, key=f"about-{uuid.uuid4().hex}", workers=[worker], pure=False
            )
        strangers = [trouble for worker in list(self._asked) if (trouble := self._hear(worker)) is not None]
        self._check_some_fit(present)
        return strangers

    def _hear(self, worker: str) -> str | None:
        future = self._asked[worker]
        if future is None or not future.done():
            return None
        try:
            told = future.result()
            trouble = misfit(worker, told, shared_home=self.shared_home)
        except Exception as error:  # noqa: BLE001 - whatever an installation of another kind may raise
            trouble = f"worker {worker} cannot load this version of cats-bench: {type(error).__name__}: {error}"
        if trouble is None:
            del self._asked[worker]
            self._told[worker] = told
            self.fit.add(worker)
        else:
            self.dismiss(worker, trouble)
        return trouble

    def dismiss(self, worker: str, why: str) -> None:
        """Give it no job any more, and never ask it again."""
        self.fit.discard(worker)
        self._asked[worker], self._why = None, why

    def _check_some_fit(self, present: Collection[str]) -> None:
        unfit = bool(present) and not self.fit and not any(self._asked.values())
        if not unfit:
            self._unfit_since = None
        elif self._unfit_since is None:
            self._unfit_since = self._looked
        elif self._looked - self._unfit_since > UNFIT:
            raise CatsError(f"of {len(present)} workers that are there none fits: {self._why}")

    def places(self, worker: str) -> tuple[str, str]:
        """Its machine and its GPU, by names that all who work there have; its own where nobody knows of a GPU."""
        told = self._told[worker]
        return told.machine, told.card or worker

    def hardware(self, worker: str) -> tuple[str, ...]:
        """What takes energy when it works, as far as is known."""
        return ("cpu", "ram", "gpu") if self._told[worker].card else ("cpu", "ram")

    def left(self, worker: str) -> bool:
        """Whether a worker that is gone went in good order (pre-empted, retired, stopped by hand) instead of dying."""
        try:
            said = [event for _, event in self.client.get_events(worker)]
        except (OSError, RuntimeError):
            return False
        return any(one.get("action") == CLOSING and one.get("reason") != OURS for one in said if isinstance(one, dict))

    def halt(self, names: frozenset[str], workers: Collection[str], patience: float) -> dict[str, float | None]:
        """Have jobs in hand end soon (worker.halt_there). What each worker answers; some may not, in this time."""

        async def one(worker: str) -> tuple[str, Any]:
            asked = self.client.run(halt_there, names, workers=[worker], asynchronous=True)
            return worker, (await asyncio.wait_for(asked, patience))[worker]

        async def every() -> list[Any]:
            return list(await asyncio.gather(*map(one, workers), return_exceptions=True))

        with suppress(OSError, RuntimeError):
            return dict(each for each in self.client.sync(every) if isinstance(each, tuple))
        return {}

    def due(self) -> bool:
        """Whether it is time to look again."""
        return time.monotonic() - self._looked > LOOK

    def lost(self) -> CatsError:
        """What to say when the scheduler is gone."""
        where = self.client.scheduler.address
        return CatsError(f"the Dask scheduler at {where} is gone; nothing finished is lost, run the plan again to go on")
