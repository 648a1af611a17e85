"""Keeps a plan within its budget: says before what fits, lets no job begin that does not, says after why it stopped."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.execution.budget.amounts import NOTHING, Sum, bare, sum_of
from benchmark.execution.budget.forecast import Forecast, project
from benchmark.execution.budget.spending import needs_of, spent_before
from benchmark.machine.meter import require_energy
from benchmark.specs.budget import Budget, amount
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job
from results.error import CatsError
from results.record import Record

if TYPE_CHECKING:
    import pandas as pd

ENERGY = ("kwh", "co2e_kg")


@dataclass
class Guard:
    """The budget of one call of `run`; without limits it lets every job pass and looks at nothing.

    Attributes:
        cells: of the plan. spent: by all attempts so far; its hours are not used, `began` tells them.
        stopped: the limit that the next job would have exceeded, and how much of it that job was expected to take.
    """

    budget: Budget
    cells: int = 0
    spent: Sum = NOTHING
    forecast: Forecast | None = None
    began: float = field(default_factory=time.monotonic)
    stopped: tuple[str, float] | None = None
    _flying: dict[str, Sum] = field(default_factory=dict)
    _asked: set[Path] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # an engine may ask in a thread of its own

    def admit(self, job: Job) -> Job | None:
        """The job, or as many of its cells as are left, to begin now; None if it would exceed the budget.

        What is on its way counts as what is expected of it, and may take less: who waits for any of it asks again. Nothing that
        runs is ended.
        """
        with self._lock:
            fitting, asked = self._cut(job), set(self._asked)
            needs = needs_of(fitting, self.forecast, asked) if self.budget.limits else {}
            self.stopped = self._exceeded(sum(needs.values(), NOTHING))
            if self.stopped is not None:
                return None
            self._flying, self._asked = self._flying | needs, asked
        return fitting

    def count(self, record: Record) -> None:
        """One more record. One that ended badly without any figure counts as what was expected of it, see spending.bare."""
        if not self.budget.limits:
            return
        with self._lock:
            need = self._flying.pop(record.key, NOTHING)
            made = int(record.kind == "cell" and record.status == "finished")
            if self.forecast is not None:
                self.forecast.recent.count(record)
            costs = [cost.model_dump() for cost in record.costs]
            self.spent += replace(need, cells=made) if bare(costs, record.status) else sum_of(costs, made)

    def read(self, cells: Iterable[Cell], frame: "pd.DataFrame | None", waiting: Iterable[Record] = ()) -> None:
        """Count what was spent by runs (see Tracking.frame) and by records in the outbox; `cells` are all of the plan's.

        Raises CatsError if that is unknown.
        """
        if self.budget.limits:
            self.cells = sum(1 for _ in cells)
            self.spent = spent_before(cells, frame, waiting, self.forecast)
            self._require_known("that of an earlier attempt is missing")

    def require(self) -> None:
        """Raises CatsError if nothing is left of the budget, or if it cannot be kept on this machine."""
        stopped = self._exceeded(NOTHING)
        if stopped is not None:
            raise CatsError(self._refusal(*stopped))
        if self.forecast is not None and self.budget.needs_energy:
            require_energy(self.forecast.device, self.forecast.country)

    def look(self, jobs: Callable[[], Iterable[Job]]) -> Iterator[str]:
        """What is to be said before the first job: what all of it is expected to take, and whether that fits.

        Raises CatsError if not even the first cell fits.
        """
        if self.forecast is not None:
            projection = project(jobs(), self.forecast)
            told = str(projection)
            if self.forecast.elsewhere:
                told += "; the time is that of one worker"
                if projection.known["calibrated"]:
                    told += f", calibrated on the driver's {self.forecast.device}"
            yield told
            yield from self._calibrated(self.forecast)
        fitting, need, asked = 0, NOTHING, set[Path]()
        for job in jobs() if self.budget.limits else ():
            for cell in job.cells or [None]:
                piece = job if cell is None else replace(job, cells=(cell,))
                need = sum(needs_of(piece, self.forecast, asked).values(), need).known()
                stopped = self._exceeded(need)
                if stopped is not None:
                    if not fitting:
                        raise CatsError(self._refusal(*stopped))
                    alone = " of one worker" if self.forecast is not None and self.forecast.elsewhere else ""
                    yield f"{self._left()}; about {fitting} of them fit into {self._named(stopped[0])}{alone}"
                    return
                fitting += len(piece.cells)

    def close(self) -> str | None:
        """After the last job: why it ended before all was done. Raises CatsError if that is because energy is missing."""
        if self.stopped is None:
            return None
        self._require_known("that of the last attempt is missing; what was made is recorded")
        return self._used_up(*self.stopped)

    def _calibrated(self, forecast: Forecast) -> Iterator[str]:
        """Calibrations cost something too."""
        if forecast.measured:
            cost = sum((pace.cost for pace in forecast.measured), NOTHING)
            self.spent += replace(cost, hours=0.0)
            self._require_known("that of the calibration is missing")
            energy = "unknown energy" if math.isnan(cost.kwh) else f"{cost.kwh * 1000:.2g} Wh"
            yield f"calibrated in {cost.hours * 3600:.1f} seconds, {energy}"

    def _cut(self, job: Job) -> Job:
        """Fewer cells at once, where only so many are left."""
        if self.budget.cells is None:
            return job
        return replace(job, cells=job.cells[: max(1, self.budget.cells - int(self._used("cells")))])

    def _used(self, name: str) -> float:
        """What is spent of a limit, and what is on its way."""
        if name == "hours":
            return (time.monotonic() - self.began) / 3600
        return float(getattr(sum((need.known() for need in self._flying.values()), self.spent), name))

    def _exceeded(self, need: Sum) -> tuple[str, float] | None:
        """The limit that would be exceeded, and what is needed of it. A pretraining needs room for a cell behind it."""
        for name, limit in self.budget.limits.items():
            used, more = self._used(name), max(1, need.cells) if name == "cells" else getattr(need.known(), name)
            if math.isnan(used) or used >= limit or used + more > limit:
                return name, more
        return None

    def _require_known(self, why: str) -> None:
        for name in self.budget.limits:
            if name in ENERGY and math.isnan(getattr(self.spent, name)):
                raise CatsError(
                    f"{self._named(name)} cannot be kept, energy or its CO2e is unknown: {why}; limit hours or cells"
                )

    def _named(self, name: str) -> str:
        return f"the budget of {amount(name, self.budget.limits[name])}"

    def _left(self) -> str:
        return f"{self.cells - self.spent.cells} of {self.cells} cells are left"

    def _used_up(self, name: str, more: float) -> str:
        spent = f"{amount(name, self._used(name))} {'finished' if name == 'cells' else 'spent'}"
        if name != "cells" and more:
            spent += f" and {amount(name, more)} expected of the next job"
        return f"{self._named(name)} is used up: {spent}, {self._left()}; raise it and run again"

    def _refusal(self, name: str, more: float) -> str:
        if name == "cells" or self._used(name) >= self.budget.limits[name]:
            return self._used_up(name, 0.0)
        spent = f"{amount(name, self._used(name))} spent, {amount(name, more)} expected of that cell and what it needs"
        return f"{self._named(name)} does not hold even the first cell: {spent}; raise it and run again"
