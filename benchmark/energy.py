"""Energy of each phase, by codecarbon's offline tracker, with where each figure comes from.

`counter`: a hardware counter was read (RAPL, NVML, powermetrics). `modelled`: codecarbon's estimate from load and a nominal
power; memory is always modelled. `missing`: the hardware worked and nothing could tell how much it took; never zero.
"""

import itertools
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from results.error import CatsError, nearest
from results.record import Cost, Energy

log = logging.getLogger(__name__)
COUNTERS = ("rapl", "power_gadget", "windows_emi", "applesilicon")
_number = itertools.count()


class Meter:
    """Collects the costs of one attempt, phase by phase. Phases do not nest."""

    def __init__(self, country: str, device: str) -> None:
        self.country, self.device = country, device
        self.costs: list[Cost] = []
        self._busy = False

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what happens inside, also if it fails: a failed attempt cost something too."""
        if self._busy:
            raise RuntimeError("phases do not nest: codecarbon would silently ignore the inner one")
        self._busy = True
        task, start = f"{name}-{next(_number)}", time.monotonic()
        running = _start(self.country, task)
        try:
            yield
        finally:
            measured = _stop(self.country, task) if running else None
            seconds = time.monotonic() - start
            counted = measured is not None and cpu_counted(self.country)
            energy, intensity = energies(measured, counted, self.device)
            self.costs.append(Cost(phase=name, seconds=seconds, energy=energy, kg_per_kwh=intensity))
            self._busy = False


def energies(measured: Any, counted: bool, device: str) -> tuple[dict[str, Energy], float | None]:
    """codecarbon's figures as ours, and the carbon intensity (kg CO2e per kWh) it used.

    A processor or GPU that worked and shows no energy is missing, not free.
    """
    cuda = device.startswith("cuda")
    missing = Energy(kwh=None, provenance="missing")
    if measured is None:
        return {"cpu": missing, "ram": missing, **({"gpu": missing} if cuda else {})}, None

    def figure(kwh: float, *, counter: bool) -> Energy:
        return Energy(kwh=kwh, provenance="counter" if counter else "modelled") if kwh > 0 else missing

    found = {"cpu": figure(measured.cpu_energy, counter=counted), "ram": figure(measured.ram_energy, counter=False)}
    if cuda:
        found["gpu"] = figure(measured.gpu_energy, counter=True)
    total = measured.energy_consumed
    return found, measured.emissions / total if total > 0 else None


def check_country(country: str) -> None:
    """Raises CatsError if codecarbon has no carbon intensity for a country (ISO code of three letters)."""
    from codecarbon.input import DataSource

    known = DataSource().get_global_energy_mix_data()
    if country not in known:
        raise CatsError(f"codecarbon knows no country '{country}'{nearest(country, known)}")


@cache
def tracker(country: str) -> Any:
    """The process's tracker: starting one takes more than a second, a task of it some milliseconds."""
    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    from codecarbon import OfflineEmissionsTracker

    return OfflineEmissionsTracker(country_iso_code=country, output_methods=[], log_level="error", allow_multiple_runs=True)


def cpu_counted(country: str) -> bool:
    """Whether the processor's energy is read from a counter."""
    hardware = getattr(tracker(country), "_hardware", [])
    return any(word in repr(item).lower().replace(" ", "_") for item in hardware for word in COUNTERS)


def _start(country: str, task: str) -> bool:
    try:
        tracker(country).start_task(task)
    except Exception:
        log.warning("codecarbon did not start; energy is missing", exc_info=True)
        return False
    return True


def _stop(country: str, task: str) -> Any:
    try:
        return tracker(country).stop_task(task)
    except Exception:
        log.warning("codecarbon did not stop; energy is missing", exc_info=True)
        tracker.cache_clear()  # this one believes for ever that a task is running
        return None
