"""The expected cost of the rest of a plan, from finished work of the same experiment and from calibrations."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.execution.budget.amounts import NOTHING, Estimate
from benchmark.execution.budget.history import History, WorkClass, history_of, work_class_of
from benchmark.specs.job import Job, Work, works
from results.error import CatsError
from results.text.counts import how_many
from results.text.units import significant

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.execution.budget.calibrate import Calibration

log = logging.getLogger(__name__)


UNKNOWN = "time and energy are unknown until a cell has finished; `cats plan --calibrate` measures them now"
ORIGINS = {"finished": "finished ones", "calibrated": "calibration", "alike": "others of their backbone"}


@dataclass
class CostForecast:
    """The expected cost of work on this machine: from finished work of its class, first of this call; else from calibrations.

    Attributes:
        history: finished runs of the experiment. recent: those of this call.
        device: cpu, cuda ...: the device of calibrations.
        calibrates: whether work of unknown cost is calibrated now, which takes seconds for each class of work.
        remote: whether jobs run in other processes, perhaps on faster or slower devices (see Engine).
        announce: called with a sentence before a calibration.
        calibrations: those of this call.
    """

    history: History
    device: str
    country: str
    calibrates: bool = False
    remote: bool = False
    announce: Callable[[str], None] = log.info
    recent: History = field(default_factory=History)
    calibrations: "list[Calibration]" = field(default_factory=list)
    _known: "dict[WorkClass, Calibration | None]" = field(default_factory=dict)

    def estimate(self, work: Work, extracted: set[Path]) -> tuple[Estimate | None, str]:
        """The cost of work and its origin, a key of ORIGINS; None if there is no basis for an estimate.

        `extracted`: files of features that earlier work extracts; the file of this work is added.
        """
        exact = self.recent.estimate(work) or self.history.estimate(work)
        if exact is not None:
            return exact, "finished"
        calibration = self._calibration(work)
        if calibration is not None:
            return calibration.estimate(work, extracted=_is_extracted(work, extracted)), "calibrated"
        return self.history.estimate(work, rough=True), "alike"

    def _calibration(self, work: Work) -> "Calibration | None":
        from benchmark.execution.budget.calibrate import cached, calibrate

        work_class = work_class_of(work)
        if work_class not in self._known:
            calibration = cached(work, self.device, self.country)
            if calibration is None and self.calibrates:
                self.announce(f"calibrating {work.backbone}")
                try:
                    calibration = calibrate(work, self.device, self.country)
                    self.calibrations.append(calibration)
                except CatsError as error:
                    log.warning("%s; the cost of such work is unknown until it has run", error)
            self._known[work_class] = calibration
        return self._known[work_class]


def forecast_of(frame: "pd.DataFrame | None", device: str, country: str, *, calibrates: bool) -> CostForecast:
    """A forecast from the runs in `frame` (see Experiment.frame) for a device: auto, cpu or cuda."""
    from benchmark.machine.device import device_of

    return CostForecast(history_of(frame), str(device_of(device)), country, calibrates)


def _is_extracted(work: Work, extracted: set[Path]) -> bool:
    """Whether the features of this work exist, or earlier work extracts them."""
    from benchmark.execution.budget.calibrate import features_file

    file = features_file(work)
    if file is None:
        return False
    before = file in extracted or file.exists()
    extracted.add(file)
    return before


@dataclass
class Projection:
    """The expected cost of several jobs together.

    Attributes:
        total: of all work whose cost can be estimated.
        origins: how many pieces of work by the origin of their estimate, and under `nothing` how many have none.
    """

    total: Estimate = NOTHING
    cells: int = 0
    pretrainings: int = 0
    origins: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        what = [how_many(self.cells, "cell")] + ([how_many(self.pretrainings, "pretraining")] if self.pretrainings else [])
        pieces = [f"{self.origins[name]} by {origin}" for name, origin in ORIGINS.items() if self.origins[name]]
        if not pieces:
            return UNKNOWN
        if self.origins["nothing"]:
            pieces.append(f"{self.origins['nothing']} unknown and not in it")
        low, high = self.total.low, self.total.high
        figures = [_range(low.seconds, high.seconds, _time), _range(low.kwh, high.kwh, _energy)]
        figures.append(_range(low.co2e, high.co2e, _mass))
        return f"expected: {', '.join(figures)} for {' and '.join(what)} ({', '.join(pieces)})"


def project(jobs: Iterable[Job], forecast: CostForecast) -> Projection:
    """The expected cost of all jobs, one after the other."""
    projection, extracted = Projection(), set[Path]()
    for job in jobs:
        for work in works(job):
            expected, origin = forecast.estimate(work, extracted)
            projection.origins["nothing" if expected is None else origin] += 1
            projection.total += expected or NOTHING
        projection.cells += len(job.cells)
        projection.pretrainings += job.start is not None
    return projection


def _range(low: float | None, high: float | None, unit: Callable[[float], tuple[float, str]]) -> str:
    if low is None or high is None:
        return f"unknown {unit(0.0)[1].removeprefix('m')}"
    factor, name = unit(high)
    return f"{significant(low * factor, 2)} to {significant(high * factor, 2)} {name}"


def _time(seconds: float) -> tuple[float, str]:
    return (1 / 3600, "hours") if seconds >= 7200 else (1.0, "seconds")


def _energy(kwh: float) -> tuple[float, str]:
    return (1.0, "kWh") if kwh >= 1 else (1000.0, "Wh")


def _mass(kg: float) -> tuple[float, str]:
    return (1.0, "kg CO2e") if kg >= 1 else (1000.0, "g CO2e")
