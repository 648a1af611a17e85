"""Codecarbon's energy of the GPU compared with that of NVML's counter, over the phases that have both readings."""

from dataclasses import dataclass

import pandas as pd

from results.record import APART, LONG, Cost
from results.text.counts import how_many
from results.text.units import energy_unit, percent


@dataclass(frozen=True)
class GpuCheck:
    """How far two readings of the GPU agree.

    Attributes:
        phases: number of phases of LONG seconds or more with both readings.
        apart: number of these phases in which the readings differ by more than APART.
        worst: (kind, phase, codecarbon's kWh, NVML's kWh) of the largest difference.
    """

    phases: int = 0
    apart: int = 0
    worst: tuple[str, str, float, float] | None = None

    def sentences(self) -> list[str]:
        """The result in words; empty if there was nothing to compare."""
        if not self.phases:
            return []
        compared = f"{how_many(self.phases, 'phase')} of {LONG:g} s or more"
        each = f"every phase of {LONG:g} s or more ({self.phases:,} in all)"
        if self.worst is None:
            return [f"GPU energy: codecarbon and NVML's counter agree within {percent(APART)} in {each}"]
        kind, phase, ours, theirs = self.worst
        unit = energy_unit([ours, theirs])
        most = f"most in {phase} of a {kind}: {unit.text(ours)} and {unit.text(theirs)} {unit.name}"
        far = f"differ by more than {percent(APART)} in {self.apart} of {compared}"
        return [f"GPU energy: codecarbon and NVML's counter {far}, {most}"]


def compare_gpu_readings(runs: pd.DataFrame) -> GpuCheck:
    """Compare the readings of all attempts. `runs`: columns `kind`, and `costs` as lists of results.record.Cost as dicts."""
    phases, apart = 0, []
    for kind, costs in zip(runs["kind"], runs["costs"], strict=True):
        for each in costs:
            if each.get("nvml_kwh") is None:
                continue
            cost = Cost.model_validate(each)
            if cost.gpu_differs is None:
                continue
            phases += 1
            ours, theirs = cost.energy["gpu"].kwh, cost.nvml_kwh
            if cost.gpu_differs and ours is not None and theirs is not None:
                apart.append((abs(ours - theirs) / theirs, (str(kind), cost.phase, ours, theirs)))
    return GpuCheck(phases, len(apart), max(apart)[1] if apart else None)
