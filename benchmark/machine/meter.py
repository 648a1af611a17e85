"""Measure the energy of each phase with codecarbon's offline tracker, and say where each figure comes from.

Energy and Cost in results/record.py explain the words for figures: `counter`, `modelled`, `missing`, `shared`, `whole` and
`undivided`. Hardware counters are RAPL, NVML and powermetrics; memory is always modelled; missing energy is never reported as
zero. A phase that is too short for a GPU's counter is modelled by the power of that moment. Codecarbon measures the whole
machine; benchmark.machine.own_energy takes the share of this process. As a check, the figure of NVML's own counter
(benchmark.machine.nvml) is stored beside codecarbon's figure of a GPU.
"""

import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from benchmark.machine import cpu_work, nvml
from benchmark.machine.cost_laps import joined
from benchmark.machine.gpu_share import GpuWatch
from benchmark.machine.own_energy import JOULES, own_energies
from benchmark.machine.tracker import cpu_counted, hardware, tracker
from results.error import CatsError, nearest
from results.record import Cost, Energy

log = logging.getLogger(__name__)
PROBE_SECONDS = 0.3  # counters are updated every 0.1 s
_number = itertools.count()


class Meter:
    """Collects the costs of one attempt, phase by phase. Phases do not nest.

    Attributes:
        facts: what codecarbon knows of this machine, for the record; empty before the first phase.
    """

    def __init__(self, country: str, device: str) -> None:
        self.country, self.device = country, device
        self.costs: list[Cost] = []
        self.carried: list[Cost] = []  # of earlier attempts whose process died before they left a record
        self._phase: str | None = None
        self._lap, self._first = ExitStack(), 0
        self.facts: dict[str, str] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure the block, also if it fails: a failed attempt has a cost too. Raises RuntimeError if phases nest."""
        if self._phase is not None:
            raise RuntimeError("phases do not nest: codecarbon would silently ignore the inner one")
        self._phase, self._first = name, len(self.costs)
        try:
            self._lap.enter_context(self._measured(name))
            with _completed(self.device):
                yield
        finally:
            self._end_lap()
            self._phase = None

    def so_far(self) -> tuple[Cost, ...]:
        """The costs up to now. A phase that is running is measured in laps, of which one ends here."""
        if self._phase is not None:
            _wait(self.device)
            self._end_lap()
            self._lap.enter_context(self._measured(self._phase))
        return tuple(self.costs)

    def _end_lap(self) -> None:
        self._lap.close()
        self.costs[self._first :] = joined(self.costs[self._first :])

    @contextmanager
    def _measured(self, name: str) -> Iterator[None]:
        task, card = f"{name}-{next(_number)}", nvml.number(self.device)
        running = _start(self.country, card, task)
        _wait(self.device)
        watch, before = GpuWatch(self.device), nvml.reading(self.device)
        begun, start = cpu_work.reading(), time.monotonic()
        try:
            yield
        finally:
            seconds, work = time.monotonic() - start, cpu_work.between(begun, cpu_work.reading())
            nvml_kwh = nvml.kwh_between(before, nvml.reading(self.device))
            share = watch.share()
            measured = _stop(self.country, card, task) if running else None
            energy, intensity = self._energies(measured, work, share, seconds)
            cost = Cost(
                phase=name, seconds=seconds, energy=energy, kg_per_kwh=intensity,
                nvml_kwh=nvml_kwh if nvml_kwh is None or share is None else nvml_kwh * share,
                cpu_seconds=work and work.own, busy_seconds=work and work.known_busy,
            )  # fmt: skip
            if cost.gpu_differs:
                ours = energy["gpu"].kwh
                log.warning("GPU energy of %s: codecarbon says %.3g kWh, NVML's counter %.3g kWh", name, ours, cost.nvml_kwh)
            self.costs.append(cost)

    def _energies(
        self, measured: Any, work: cpu_work.Work | None, share: float | None, seconds: float
    ) -> tuple[dict[str, Energy], float | None]:
        """The energy of this process, and the carbon intensity. `share`: that of the GPU's busy time, None if unknown."""
        card, watts = nvml.number(self.device), dict[str, float]()
        machine, intensity = energies(None, False, self.device)
        if measured is not None:
            try:
                found = hardware(self.country, card)
                machine, intensity = energies(measured, cpu_counted(self.country, card), self.device)
                self.facts, watts = found.facts, found.watts
            except Exception:  # another version of codecarbon; the training has been done, and must not fail because of it
                log.warning("codecarbon's figures could not be read; energy is missing", exc_info=True)
        power = nvml.watts(self.device) if seconds < nvml.SHORTEST and "gpu" in machine else None
        if power is not None and machine["gpu"].kwh is None:  # the counter moves every 10 to 100 ms: it may miss a short phase
            machine["gpu"] = Energy(kwh=power * seconds / JOULES, provenance="modelled")
        return own_energies(machine, work, watts, share), intensity


class Stopwatch(Meter):
    """A meter that only times the phases; the energy of several attempts is measured together by another meter.

    Attributes:
        share: gives the costs up to now, with the share of the energy that is measured together; None times only.
        running: name of the phase that is running or was the last one.
        seconds: time in phases up to now.
    """

    def __init__(self, country: str, device: str) -> None:
        super().__init__(country, device)
        self.share: Callable[[], tuple[Cost, ...]] | None = None
        self.running, self._since = "", 0.0

    @property
    def seconds(self) -> float:
        """See the class."""
        return math.fsum(cost.seconds for cost in self.costs) + (time.monotonic() - self._since if self._since else 0.0)

    def so_far(self) -> tuple[Cost, ...]:
        """The costs up to now; of a phase that is running, those of the energy that is measured together."""
        return tuple(self.costs) if self.share is None else self.share()

    @contextmanager
    def _measured(self, name: str) -> Iterator[None]:
        _wait(self.device)
        self.running, self._since = name, time.monotonic()
        try:
            yield
        finally:
            self.costs.append(Cost(phase=name, seconds=time.monotonic() - self._since, energy={}))
            self._since = 0.0


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        from benchmark.machine.device import wait_for  # imports torch

        wait_for(device)


@contextmanager
def _completed(device: str) -> Iterator[None]:
    """End the block once the GPU has done its work: kernels still wait there when the host has asked for the last one."""
    try:
        yield
    except BaseException:
        with suppress(RuntimeError):  # the error of the block is the one to raise
            _wait(device)
        raise
    _wait(device)


def energies(measured: Any, counted: bool, device: str) -> tuple[dict[str, Energy], float | None]:
    """Convert codecarbon's figures; returns them and the carbon intensity (kg CO2e per kWh) that it used.

    A processor or GPU that was used and shows no energy counts as missing, not as zero.
    """
    cuda = device.startswith("cuda")
    missing = Energy(kwh=None, provenance="missing")
    if measured is None:
        return {"cpu": missing, "ram": missing, **({"gpu": missing} if cuda else {})}, None

    def figure(kwh: float, *, counter: bool) -> Energy:
        return Energy(kwh=kwh, provenance="counter" if counter else "modelled") if kwh > 0 else missing

    by_hardware = {"cpu": figure(measured.cpu_energy, counter=counted), "ram": figure(measured.ram_energy, counter=False)}
    if cuda:
        by_hardware["gpu"] = figure(measured.gpu_energy, counter=True)
    total = measured.energy_consumed
    return by_hardware, measured.emissions / total if total > 0 else None


def check_country(country: str) -> None:
    """Raises CatsError if codecarbon has no carbon intensity for a country (ISO code of three letters)."""
    from codecarbon.input import DataSource

    countries = DataSource().get_global_energy_mix_data()
    if country not in countries:
        raise CatsError(f"codecarbon knows no country '{country}'{nearest(country, countries)}")


def require_energy(device: str, country: str) -> None:
    """Raises CatsError if the energy or the CO2e of work cannot be measured on this machine."""
    meter, start = Meter(country, device), time.monotonic()
    with meter.phase("trial"):
        while time.monotonic() - start < PROBE_SECONDS:  # busy: an idle processor may show no energy
            math.sqrt(2)
    missing = meter.costs[0].missing or ([] if meter.costs[0].kg_per_kwh is not None else ["carbon intensity"])
    if missing:
        what = " and ".join(missing)
        raise CatsError(
            f"a budget of energy cannot be kept here: the figure of {what} is missing; limit hours or cells instead"
        )


def intensity(country: str) -> float:
    """Return codecarbon's carbon intensity of a country, kg CO2e per kWh. Raises CatsError if the country is unknown."""
    from codecarbon.core.emissions import Emissions
    from codecarbon.core.units import Energy as Amount
    from codecarbon.external.geography import GeoMetadata
    from codecarbon.input import DataSource

    check_country(country)  # for unknown countries codecarbon returns the mean of the world
    return float(Emissions(DataSource()).get_country_emissions(Amount.from_energy(kWh=1.0), GeoMetadata(country)))


def _start(country: str, card: int | None, task: str) -> bool:
    try:
        tracker(country, card).start_task(task)
    except Exception:
        log.warning("codecarbon did not start; energy is missing", exc_info=True)
        return False
    return True


def _stop(country: str, card: int | None, task: str) -> Any:
    try:
        return tracker(country, card).stop_task(task)
    except Exception:
        log.warning("codecarbon did not stop; energy is missing", exc_info=True)
        tracker.cache_clear()  # this tracker would believe for ever that a task is running, and refuse every other one
        return None
