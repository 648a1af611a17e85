"""Sum of kWh, CO2e, hours, cells."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.cost.amount import add, amount_of

Costs = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Sum:
    """An amount of each thing that a budget may limit. NaN where nobody knows, and so is every sum with it."""

    kwh: float = 0.0
    co2e_kg: float = 0.0
    hours: float = 0.0
    cells: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.kwh + other.kwh, self.co2e_kg + other.co2e_kg, self.hours + other.hours, self.cells + other.cells)

    def known(self) -> "Sum":
        """What is known of it."""
        kwh, kg, hours = (0.0 if math.isnan(figure) else figure for figure in (self.kwh, self.co2e_kg, self.hours))
        return Sum(kwh, kg, hours, self.cells)


NOTHING = Sum()


def sum_of(costs: Costs, cells: int = 0) -> Sum:
    """The costs of one attempt, which is `cells` finished ones."""
    total = add(map(amount_of, costs))
    kwh, kg = (math.nan if figure is None else figure for figure in (total.kwh, total.co2e))
    return Sum(kwh, kg, total.seconds / 3600, cells)


def bare(costs: Sequence[Mapping[str, Any]], status: str) -> bool:
    """Whether an attempt left no figure of energy because it was cut off: its worker died, or was stopped unheard.

    `status`: a record's or a run's. What ended by itself without a figure was not measured, and nobody knows what it took.
    """
    parts = [part["kwh"] for cost in costs for part in cost["energy"].values()]
    return not costs or (status in {"interrupted", "KILLED"} and all(kwh is None for kwh in parts))
