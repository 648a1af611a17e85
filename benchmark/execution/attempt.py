"""One attempt at a cell or a pretraining: collects what becomes its record, whether it ends well or not."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Literal

import pandas as pd

from benchmark.machine.environment import environment
from benchmark.machine.meter import Meter
from results.error import CatsError
from results.record import Cost, Energy, Outcome, Record

log = logging.getLogger(__name__)
STOPPED = "stopped by the user"
Status = Literal["finished", "failed", "interrupted"]


class Attempt:
    """One attempt while it runs: collects what becomes its record."""

    def __init__(
        self, kind: Literal["cell", "pretraining", "score"], key: str, point: str, names: dict[str, str],
        settings: dict[str, str], experiment: str,
    ) -> None:  # fmt: skip
        self.kind, self.key, self.point, self.names, self.settings = kind, key, point, names, settings
        self.experiment = experiment
        self.facts: dict[str, str] = {}
        self.scores: dict[str, float] = {}
        self.validation: dict[str, float] = {}
        self.curves: dict[str, list[float]] = {}
        self.predictions: pd.DataFrame | None = None

    def run(self, meter: Meter, work: Callable[[], None]) -> Outcome:
        """Do the work and say how it ended."""
        started, reason = time.time(), None
        begun = time.monotonic()  # a clock may be set meanwhile
        status: Status = "finished"
        try:
            work()
        except KeyboardInterrupt:
            status, reason = "interrupted", STOPPED
        except CatsError as error:
            status, reason = "failed", str(error)
        except Exception as error:
            log.exception("%s failed", self.names)
            status, reason = "failed", f"{type(error).__name__}: {error}"
        costs, on = tuple(meter.costs), environment(meter.device)
        seconds = time.monotonic() - begun
        record = self._record(status, reason, (started, seconds), costs, on)
        return Outcome(record, self.predictions if status == "finished" else None)

    def lost(self, reason: str, when: tuple[float, float]) -> Outcome:
        """How an attempt ended of which nothing came back: nobody knows what it cost, or on what it was made.

        `when`: its start, seconds since 1970, and how many seconds it took.
        """
        return Outcome(self._record("failed", reason, when, (), {}))

    def cut_off(self, when: tuple[float, float], hardware: Iterable[str], together: int) -> Outcome:
        """How an attempt ended that somebody else had in hand when all was stopped: its time is known, its energy is not.

        `together`: how many attempts share that time, each with a part of it.
        """
        missing = {name: Energy(kwh=None, provenance="missing") for name in hardware}
        phase = "pretraining" if self.kind == "pretraining" else "training"
        whole = when[1] if together > 1 else None
        cost = Cost(phase=phase, seconds=when[1] / together, energy=missing, shared_seconds=whole)
        return Outcome(self._record("interrupted", STOPPED, when, (cost,), {}))

    def _record(
        self,
        status: Status,
        reason: str | None,
        when: tuple[float, float],
        costs: tuple[Cost, ...],
        environment: dict[str, str],
    ) -> Record:
        started, seconds = when
        return Record(
            kind=self.kind, key=self.key, attempt=uuid.uuid4().hex, experiment=self.experiment, status=status, reason=reason,
            point=self.point, names=self.names, settings=self.settings, facts=self.facts, scores=self.scores,
            validation=self.validation, curves=self.curves, costs=costs, environment=environment,
            started=started, ended=started + seconds,
        )  # fmt: skip
