"""Divide a measured cost among concurrent attempts. Cost and Energy in results/record.py explain what a share holds."""

import math
from collections.abc import Sequence

from results.record import Cost


def share_costs(costs: Sequence[Cost], seconds: Sequence[float]) -> list[tuple[Cost, ...]]:
    """Divide the costs of a period among the attempts that shared a device during it; the shares add up to the costs.

    `seconds`: the device time of each attempt, to which its share is proportional; if all are 0, the shares are equal. Energy
    that is missing stays missing in every share. A single attempt keeps the costs unchanged. Raises ValueError without
    attempts, or if a time is negative or not finite.
    """
    if not seconds or not all(math.isfinite(each) and each >= 0 for each in seconds):
        raise ValueError(f"costs are divided by the seconds of one attempt or more, each 0 or above, not by {list(seconds)}")
    if len(seconds) == 1:
        return [tuple(costs)]
    total = math.fsum(seconds)
    parts = [each / total if total else 1 / len(seconds) for each in seconds]
    return [tuple(_share(cost, part) for cost in costs) for part in parts]


def _share(cost: Cost, part: float) -> Cost:
    energy = {
        name: e.model_copy(update={"kwh": _scaled(e.kwh, part), "machine_kwh": _scaled(e.machine_kwh, part)})
        for name, e in cost.energy.items()
    }
    return cost.model_copy(
        update={
            "seconds": cost.seconds * part, "energy": energy, "nvml_kwh": _scaled(cost.nvml_kwh, part),
            "cpu_seconds": _scaled(cost.cpu_seconds, part), "busy_seconds": _scaled(cost.busy_seconds, part),
            "shared_seconds": cost.seconds if cost.shared_seconds is None else cost.shared_seconds,
        }
    )  # fmt: skip


def _scaled(value: float | None, part: float) -> float | None:
    return None if value is None else value * part


def own_share(costs: Sequence[Cost], machine: float, card: float) -> tuple[Cost, ...]:
    """Reduce the costs of an attempt to its own shares of the machine and of the GPU, each in (0, 1].

    Needed where several workers measure at the same time: the meter of each reads the energy of the whole machine (CPU, memory)
    and of the whole GPU. A figure that is already the share of the attempt's own work stays; only what was read of the whole
    machine beside it is divided, so that it adds up over the workers.
    """
    if machine == card == 1:
        return tuple(costs)
    return tuple(_own_part(cost, machine, card) for cost in costs)


def _own_part(cost: Cost, machine: float, card: float) -> Cost:
    packed = cost.shared_seconds is not None
    energy, divided = {}, False
    for name, e in cost.energy.items():
        part = card if name == "gpu" else machine
        if e.machine_kwh is not None:
            energy[name] = e.model_copy(update={"machine_kwh": e.machine_kwh * part})
            continue
        whole = part == 1 and (e.whole or not packed)
        energy[name] = e.model_copy(update={"kwh": _scaled(e.kwh, part), "whole": whole})
        divided |= part != 1
    gpu = cost.energy.get("gpu")
    own_card = gpu is not None and gpu.machine_kwh is not None
    return cost.model_copy(
        update={
            "energy": energy,
            "nvml_kwh": cost.nvml_kwh if own_card else _scaled(cost.nvml_kwh, card),
            "busy_seconds": _scaled(cost.busy_seconds, machine),
            "shared_seconds": cost.shared_seconds if packed or not divided else cost.seconds,
        }
    )
