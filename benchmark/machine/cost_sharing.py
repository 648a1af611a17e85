"""Divide a measured cost among concurrent attempts. Cost and Energy in results/record.py explain what a share holds."""

import math
from collections.abc import Sequence

from results.record import Cost, Energy


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
        name: e if e.kwh is None else Energy(kwh=e.kwh * part, provenance=e.provenance) for name, e in cost.energy.items()
    }
    return cost.model_copy(
        update={
            "seconds": cost.seconds * part, "energy": energy,
            "nvml_kwh": None if cost.nvml_kwh is None else cost.nvml_kwh * part,
            "shared_seconds": cost.seconds if cost.shared_seconds is None else cost.shared_seconds,
        }
    )  # fmt: skip


def own_share(costs: Sequence[Cost], machine: float, card: float) -> tuple[Cost, ...]:
    """Reduce the costs of an attempt to its own shares of the machine and of the GPU, each in (0, 1].

    Needed where several workers measure at the same time: the meter of each reads the energy of the whole machine (CPU, memory)
    and of the whole GPU.
    """
    if machine == card == 1:
        return tuple(costs)
    return tuple(_own_part(cost, machine, card) for cost in costs)


def _own_part(cost: Cost, machine: float, card: float) -> Cost:
    packed = cost.shared_seconds is not None
    energy = {}
    for name, e in cost.energy.items():
        part = card if name == "gpu" else machine
        whole = part == 1 and (e.whole or not packed)
        energy[name] = Energy(kwh=None if e.kwh is None else e.kwh * part, provenance=e.provenance, whole=whole)
    return cost.model_copy(
        update={
            "energy": energy,
            "nvml_kwh": None if cost.nvml_kwh is None else cost.nvml_kwh * card,
            "shared_seconds": cost.shared_seconds if packed else cost.seconds,
        }
    )
