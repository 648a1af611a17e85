"""The energy of a machine's hardware that is a process's own, where others work on the machine too.

Modelled figures are proportional to the CPU seconds of the process: one core that works costs the nominal power of the
processor and of the memory, divided by the number of cores. So a figure does not grow when other work takes cores away and the
same work lasts longer. What idle cores draw belongs to no process: it is only in the machine's figure. Counters measure the
machine, and the process gets the part that its CPU seconds are of all CPU seconds; on a GPU, of all busy time.
"""

from collections.abc import Mapping

from benchmark.machine.cpu_work import Work
from results.record import Energy

IDLE = {"cpu": 0.1, "ram": 1.0}  # what idle cores draw, as a part of what working cores draw; codecarbon's 10 % of a processor
JOULES = 3.6e6  # in a kWh


def own_energies(
    machine: Mapping[str, Energy], work: Work | None, watts: Mapping[str, float], card: float | None
) -> dict[str, Energy]:
    """Reduce figures of the whole machine to what is the process's own, and keep both.

    Where the share is unknown, a figure stays that of the whole hardware and says so (`undivided`). Missing stays missing.

    Args:
        machine: hardware → energy of the whole machine in the period.
        work: CPU seconds in the period; None if unknown.
        watts: nominal power of the hardware whose energy is modelled.
        card: the share of the GPU's busy time, 0 to 1; None if unknown.
    """
    return {name: _own(name, energy, work, watts.get(name), card) for name, energy in machine.items()}


def _own(name: str, energy: Energy, work: Work | None, watts: float | None, card: float | None) -> Energy:
    if energy.kwh is None:
        return energy
    if name != "gpu" and work is not None and watts is not None and energy.provenance == "modelled":
        core = watts / work.cores / JOULES  # kWh of one CPU second
        drawn = None if work.busy is None else core * _drawn(work, IDLE[name])
        return energy.model_copy(update={"kwh": core * work.own, "machine_kwh": drawn, "watts": watts})
    share = card if name == "gpu" else None if work is None else work.share
    if share is None:
        return energy.model_copy(update={"undivided": True})
    return energy.model_copy(update={"kwh": energy.kwh * share, "machine_kwh": energy.kwh})


def _drawn(work: Work, idle: float) -> float:
    """CPU seconds of the machine, idle ones by what they draw. Never fewer than the process's own, whose steps are finer."""
    capacity = max(work.cores * work.seconds, work.own)
    busy = min(max(work.busy or 0.0, work.own), capacity)
    return busy + idle * (capacity - busy)
