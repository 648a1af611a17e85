"""What the rest of a plan may take, from finished work of the same experiment and from calibrations."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.execution.budget.history import FREE, Expected, History, Sort, Span, history_of, sort_of
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job, Work, works
from benchmark.specs.start import chain, pretrained_path
from results.error import CatsError

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.execution.budget.calibrate import Pace

log = logging.getLogger(__name__)


def absent(todo: Sequence[Cell]) -> list[str]:
    """What stands in the way of `cats run`: data that are not on this machine, one sentence each."""
    wanted = {cell.target: catalogue.target(cell.target).dataset for cell in todo}
    for cell in todo:
        for start in chain(cell.start):
            dataset = catalogue.source(start.source).dataset
            if dataset is not None and not pretrained_path(start).exists():
                wanted[start.source] = dataset
    sentences = []
    for name, dataset in wanted.items():
        try:
            dataset.folder()
        except CatsError as error:
            sentences.append(f"{name}: {error}")
    return sentences


def pretrainings_of(todo: Sequence[Cell]) -> list[str]:
    """One sentence for each pretraining that has to come before the cells."""
    needed = {start.key: start for cell in todo for start in reversed(chain(cell.start)) if start.recipe is not None}
    return [
        f"first comes a pretraining: {start.source}, {start.backbone}, {start.recipe.size} pixels, {start.recipe.epochs} epochs"
        for start in needed.values()
        if start.recipe is not None and not pretrained_path(start).exists()
    ]


UNKNOWN = "time and energy are unknown until a cell has finished; `cats plan --calibrate` measures them now"
ORIGINS = {"finished": "finished ones", "calibrated": "calibration", "alike": "others of their backbone"}


@dataclass
class Forecast:
    """What work is expected to take here: as finished work of its sort, this call's first; else as calibrations say.

    Attributes:
        history: what the experiment's finished runs took. recent: those of this call.
        calibrates: whether what nobody knows is measured now, which takes seconds for each sort of work.
        elsewhere: whether others than this process do the work, on devices that may be faster or slower than its own.
        begins: told before something is measured. measured: the calibrations of this call.
    """

    history: History
    device: str
    country: str
    calibrates: bool = False
    elsewhere: bool = False
    begins: Callable[[str], None] = log.info
    recent: History = field(default_factory=History)
    measured: "list[Pace]" = field(default_factory=list)
    _paces: "dict[Sort, Pace | None]" = field(default_factory=dict)

    def expected(self, work: Work, asked: set[Path]) -> tuple[Expected | None, str]:
        """What it takes, and how that is known, of ORIGINS; None where nothing tells.

        `asked`: features that work before this one extracts; those of this one are put in.
        """
        exact = self.recent.expected(work) or self.history.expected(work)
        if exact is not None:
            return exact, "finished"
        pace = self._pace(work)
        if pace is not None:
            return pace.expected(work, extracted=_extracted(work, asked)), "calibrated"
        return self.history.expected(work, roughly=True), "alike"

    def _pace(self, work: Work) -> "Pace | None":
        from benchmark.execution.budget.calibrate import calibrated, kept

        sort = sort_of(work)
        if sort not in self._paces:
            found = kept(work, self.device, self.country)
            if found is None and self.calibrates:
                self.begins(f"calibrating {work.backbone}")
                try:
                    found = calibrated(work, self.device, self.country)
                    self.measured.append(found)
                except CatsError as error:
                    log.warning("%s; what it takes shows when it has run", error)
            self._paces[sort] = found
        return self._paces[sort]


def forecast_of(frame: "pd.DataFrame | None", wish: str, country: str, *, calibrates: bool) -> Forecast:
    """A forecast from the runs in `frame` (see Tracking.frame) for the device that somebody wishes: auto, cpu or cuda."""
    from benchmark.machine.device import device_of

    return Forecast(history_of(frame), str(device_of(wish)), country, calibrates)


def _extracted(work: Work, asked: set[Path]) -> bool:
    """Whether its features are there, or will be because somebody asks for them before."""
    from benchmark.execution.budget.calibrate import features_file

    file = features_file(work)
    if file is None:
        return False
    before = file in asked or file.exists()
    asked.add(file)
    return before


@dataclass
class Projection:
    """What jobs take together. `known`: how many pieces of work by ORIGINS, and how many nothing is known of."""

    total: Expected = FREE
    cells: int = 0
    pretrainings: int = 0
    known: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        what = [counted(self.cells, "cell")] + ([counted(self.pretrainings, "pretraining")] if self.pretrainings else [])
        pieces = [f"{self.known[name]} by {said}" for name, said in ORIGINS.items() if self.known[name]]
        if not pieces:
            return UNKNOWN
        if self.known["nothing"]:
            pieces.append(f"{self.known['nothing']} unknown and not in it")
        figures = [_range(self.total.seconds, _time), _range(self.total.kwh, _energy), _range(self.total.co2e_kg, _mass)]
        return f"expected: {', '.join(figures)} for {' and '.join(what)} ({', '.join(pieces)})"


def project(jobs: Iterable[Job], forecast: Forecast) -> Projection:
    """What all jobs take, one after the other."""
    found, asked = Projection(), set[Path]()
    for job in jobs:
        for work in works(job):
            expected, origin = forecast.expected(work, asked)
            found.known["nothing" if expected is None else origin] += 1
            found.total += expected or FREE
        found.cells += len(job.cells)
        found.pretrainings += job.start is not None
    return found


def counted(count: int, what: str) -> str:
    """1 cell, 2 cells."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def _range(span: Span, unit: Callable[[float], tuple[float, str]]) -> str:
    if math.isnan(span.likely):
        return f"unknown {unit(0.0)[1].removeprefix('m')}"
    factor, name = unit(span.high)
    return f"{_brief(span.low * factor)} to {_brief(span.high * factor)} {name}"


def _brief(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def _time(seconds: float) -> tuple[float, str]:
    return (1 / 3600, "hours") if seconds >= 7200 else (1.0, "seconds")


def _energy(kwh: float) -> tuple[float, str]:
    return (1.0, "kWh") if kwh >= 1 else (1000.0, "Wh")


def _mass(kg: float) -> tuple[float, str]:
    return (1.0, "kg CO2e") if kg >= 1 else (1000.0, "g CO2e")
