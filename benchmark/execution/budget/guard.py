"""Keep a plan within its budget: forecast how many jobs fit, admit no job that does not fit, and explain why a run stopped."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.execution.budget.amounts import is_unknown, known_part, total_of, was_cut_off
from benchmark.execution.budget.forecast import CostForecast, project
from benchmark.execution.budget.spending import likely_costs, spent_before
from benchmark.machine.meter import require_energy
from benchmark.specs.budget import Budget, with_unit
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job
from benchmark.specs.start import weights_path
from results.cost.amount import Amount, add
from results.error import CatsError
from results.record import Record
from results.text.counts import share_of
from results.text.units import significant

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Guard:
    """The budget of one call of `run`. Without limits it admits every job and reads nothing.

    Attributes:
        cells: number of cells of the plan. finished: number of finished cells.
        spent: cost of all attempts so far. Its seconds are not used: hours are those since `began`.
        stopped: the limit that the next job would have exceeded, and the amount of it that the job was expected to need.
    """

    budget: Budget
    cells: int = 0
    finished: int = 0
    spent: Amount = field(default_factory=Amount)
    forecast: CostForecast | None = None
    began: float = field(default_factory=time.monotonic)
    stopped: tuple[str, float] | None = None
    _running: dict[str, Amount] = field(default_factory=dict)  # key → expected cost
    _running_cells: set[str] = field(default_factory=set)
    _extracted: set[Path] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # an engine may call from any thread

    def admit(self, job: Job) -> Job | None:
        """The job, or as many of its cells as the budget allows, to start now; None if it would exceed the budget.

        Running jobs count with their expected cost. They may cost less, so the answer may change when they have ended. No
        running job is stopped.
        """
        with self._lock:
            fitting, extracted = self._cut(job), set(self._extracted)
            costs = likely_costs(fitting, self.forecast, extracted) if self.budget.limits else {}
            self.stopped = self._exceeded(add(costs.values()), len(fitting.cells))
            if self.stopped is not None:
                return None
            self._running |= costs
            self._running_cells |= {cell.key for cell in fitting.cells} if self.budget.limits else set()
            self._extracted = extracted
        return fitting

    def count(self, record: Record) -> None:
        """Book one record. An attempt that was cut off (see was_cut_off) is charged its expected cost.

        Work that is given out again goes on to be expected: it is not admitted a second time.
        """
        if not self.budget.limits:
            return
        with self._lock:
            expected = self._running.get(record.key, Amount())
            if not record.given_out_again:
                self._running.pop(record.key, None)
                self._running_cells.discard(record.key)
            self.finished += record.kind == "cell" and record.status == "finished"
            if self.forecast is not None:
                self.forecast.recent.count(record)
            costs = [cost.model_dump() for cost in record.costs]
            self.spent += expected if was_cut_off(costs, record.status) else total_of(costs)

    def release(self) -> None:
        """Expect no more cost of pretrainings that were admitted and that another process has made."""
        with self._lock:
            for key in [key for key in self._running if weights_path(key).exists()]:
                del self._running[key]

    def read(self, cells: Iterable[Cell], frame: "pd.DataFrame | None", waiting: Iterable[Record] = ()) -> None:
        """Book the cost of runs (see Experiment.frame) and of records in the outbox; `cells` are all cells of the plan.

        Raises CatsError if that cost is unknown.
        """
        if self.budget.limits:
            self.cells = sum(1 for _ in cells)
            self.spent, self.finished = spent_before(cells, frame, waiting, self.forecast)
            self._require_known("that of an earlier attempt is missing")

    def require(self) -> None:
        """Raises CatsError if nothing is left of the budget, or if this machine cannot measure what the budget limits."""
        stopped = self._exceeded(Amount(), 0)
        if stopped is not None:
            raise CatsError(self._refusal(*stopped))
        if self.forecast is not None and self.budget.needs_energy:
            require_energy(self.forecast.device, self.forecast.country)

    def project(self, jobs: Callable[[], Iterable[Job]]) -> Iterator[str]:
        """Sentences to print before the first job: the expected cost of all jobs, and how many of them fit.

        Raises CatsError if not even the first cell fits.
        """
        if self.forecast is not None:
            projection = project(jobs(), self.forecast)
            sentence = str(projection)
            if self.forecast.remote:
                sentence += "; the time is that of one worker"
                if projection.origins["calibrated"]:
                    sentence += f", calibrated on the driver's {self.forecast.device}"
            yield sentence
            yield from self._book_calibrations(self.forecast)
        fitting, needed, extracted = 0, Amount(), set[Path]()
        for job in jobs() if self.budget.limits else ():
            for cell in job.cells or [None]:
                piece = job if cell is None else replace(job, cells=(cell,))
                needed += add(likely_costs(piece, self.forecast, extracted).values())
                stopped = self._exceeded(needed, fitting + len(piece.cells))
                if stopped is not None:
                    if not fitting:
                        raise CatsError(self._refusal(*stopped))
                    alone = " of one worker" if self.forecast is not None and self.forecast.remote else ""
                    yield f"{self._left()}; about {fitting} of them fit into {self._named(stopped[0])}{alone}"
                    return
                fitting += len(piece.cells)

    def close(self) -> str | None:
        """Why the run ended before its last job; None if it did not. Raises CatsError if the reason is missing energy."""
        if self.stopped is None:
            return None
        self._require_known("that of the last attempt is missing; finished work is recorded")
        return self._used_up(*self.stopped)

    def left(self) -> dict[str, float]:
        """What is left of each limit; running jobs count with their expected cost. Nothing is left of an unknown amount."""
        with self._lock:
            return {limit: max(0.0, most - self._used(limit)) for limit, most in self.budget.limits.items()}

    def _book_calibrations(self, forecast: CostForecast) -> Iterator[str]:
        """Book the cost of the calibrations, which use energy too, and describe it in a sentence."""
        if forecast.calibrations:
            cost = add(calibration.cost for calibration in forecast.calibrations)
            self.spent += cost
            self._require_known("that of the calibration is missing")
            energy = "unknown energy" if cost.kwh is None else f"{significant(cost.kwh * 1000, 2)} Wh"
            yield f"calibrated in {cost.seconds:.1f} seconds, {energy}"

    def _cut(self, job: Job) -> Job:
        """The job with no more cells than a budget of cells has left, but with at least one."""
        if self.budget.cells is None:
            return job
        return replace(job, cells=job.cells[: max(1, self.budget.cells - int(self._used("cells")))])

    def _used(self, limit: str) -> float:
        """The amount of a limit that is spent, or expected of running jobs; NaN if the spent amount is unknown."""
        if limit == "hours":
            return (time.monotonic() - self.began) / 3600
        if limit == "cells":
            return float(self.finished + len(self._running_cells))
        if is_unknown(self.spent, limit):
            return math.nan
        return known_part(self.spent, limit) + sum(known_part(expected, limit) for expected in self._running.values())

    def _exceeded(self, needed: Amount, cells: int) -> tuple[str, float] | None:
        """The limit that would be exceeded, and the needed amount of it. A pretraining needs room for a cell after it."""
        for limit, most in self.budget.limits.items():
            used, more = self._used(limit), max(1, cells) if limit == "cells" else known_part(needed, limit)
            if math.isnan(used) or used >= most or used + more > most:
                return limit, more
        return None

    def _require_known(self, why: str) -> None:
        for limit in self.budget.limits:
            if limit != "cells" and is_unknown(self.spent, limit):
                raise CatsError(
                    f"{self._named(limit)} cannot be kept, energy or its CO2e is unknown: {why}; limit hours or cells"
                )

    def _named(self, limit: str) -> str:
        return f"the budget of {with_unit(limit, self.budget.limits[limit])}"

    def _left(self) -> str:
        return f"{share_of(self.cells - self.finished, self.cells, 'cells', 'is', 'are')} left"

    def _used_up(self, limit: str, more: float) -> str:
        spent = f"{with_unit(limit, self._used(limit))} {'finished' if limit == 'cells' else 'spent'}"
        if limit != "cells" and more:
            spent += f" and {with_unit(limit, more)} expected of the next job"
        return f"{self._named(limit)} is used up: {spent}, {self._left()}; raise it and run again"

    def _refusal(self, limit: str, more: float) -> str:
        if limit == "cells" or self._used(limit) >= self.budget.limits[limit]:
            return self._used_up(limit, 0.0)
        spent = f"{with_unit(limit, self._used(limit))} spent, {with_unit(limit, more)} expected of that cell and what it needs"
        return f"{self._named(limit)} does not hold even the first cell: {spent}; raise it and run again"
