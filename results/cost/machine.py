"""What the machine took while the attempts worked, beside their own share: work of others, idle cores, nominal power."""

import math
from dataclasses import dataclass, field

import pandas as pd

from results.text.units import energy_text
from results.tracking.cost_columns import foreign_sentence, foreign_share

NAMES = {"cpu": "processor at full load", "ram": "memory, whatever its load"}


@dataclass(frozen=True)
class MachineUse:
    """The machine during the attempts.

    Attributes:
        foreign: the part of its work that was not ours, 0 to 1; None if unknown.
        kwh: its energy, of the hardware of which the attempts have a share; None if no attempt has one.
        watts: hardware → nominal powers from which energy was modelled.
        unknown: hardware of which some attempt's share is unknown, so that all of its energy is counted.
    """

    foreign: float | None = None
    kwh: float | None = None
    watts: dict[str, list[float]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """The machine's use in words; empty where nothing is known of it."""
        said = []
        if self.foreign is not None:
            said.append(foreign_sentence(self.foreign))
        if self.kwh is not None:
            said.append(f"the whole machine took {energy_text(self.kwh)} meanwhile, with idle cores and the work of others")
        if self.watts:
            powers = [
                f"{NAMES.get(name, name)}: {' or '.join(f'{each:g}' for each in watts)} W" for name, watts in self.watts.items()
            ]
            said.append(f"modelled from nominal power: {', '.join(powers)}")
        if self.unknown:
            said.append(f"all energy of {', '.join(self.unknown)} is counted where the share of a run is unknown")
        return said


def machine_use(runs: pd.DataFrame) -> MachineUse:
    """The machine during all attempts.

    `runs`: columns of Experiment.frame, with `costs` as lists of results.record.Cost as dicts.
    """
    parts = [(name, part) for costs in runs["costs"] for cost in costs for name, part in sorted(cost["energy"].items())]
    drawn = [part["machine_kwh"] for _, part in parts if part.get("machine_kwh") is not None]
    watts: dict[str, set[float]] = {}
    for name, part in parts:
        if part.get("watts") is not None:
            watts.setdefault(name, set()).add(part["watts"])
    return MachineUse(
        foreign=foreign_share(runs),
        kwh=math.fsum(drawn) if drawn else None,
        watts={name: sorted(watts[name]) for name in sorted(watts)},
        unknown=tuple(sorted({name for name, part in parts if part.get("undivided")})),
    )
