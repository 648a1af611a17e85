"""Codecarbon's energy of the GPU beside what NVML's counter says of it, over the phases where both are known."""

from dataclasses import dataclass

import pandas as pd

from results.record import APART, LONG, Cost


@dataclass(frozen=True)
class Check:
    """How far two readings of the GPU agree.

    Attributes:
        phases, apart: phases of LONG seconds or more with both figures, and those of them where they differ by more than APART.
        worst: (kind, phase, codecarbon's kWh, NVML's kWh) of the greatest difference among these.
    """

    phases: int = 0
    apart: int = 0
    worst: tuple[str, str, float, float] | None = None

    def sentences(self) -> list[str]:
        """What to say of it; nothing where there was nothing to compare."""
        if not self.phases:
            return []
        compared = f"{self.phases} phases of {LONG:g} s or more"
        if self.worst is None:
            return [f"GPU energy: codecarbon and NVML's counter agree within {APART:.0%} in all {compared}"]
        kind, phase, ours, theirs = self.worst
        most = f"most in {phase} of a {kind}: {ours:.3g} and {theirs:.3g} kWh"
        return [
            f"GPU energy: codecarbon and NVML's counter differ by more than {APART:.0%} in {self.apart} of {compared}, {most}"
        ]


def check(runs: pd.DataFrame) -> Check:
    """Of all attempts: `kind`, and `costs` as lists of results.record.Cost as dicts."""
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
    return Check(phases, len(apart), max(apart)[1] if apart else None)
