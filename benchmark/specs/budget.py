"""A budget: limits of what a plan may use. A budget changes no outcome, so it enters no key."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from benchmark.core.numeric import Numeric
from benchmark.core.parse import parse
from results.text.units import three_digits

UNITS = {"kwh": "kWh", "co2e_kg": "kg CO2e", "hours": "hours", "cells": "cells"}


class Budget(Numeric):
    """Limits of what a plan may use; None sets no limit.

    Attributes:
        kwh, co2e_kg: energy and emissions of all attempts at the plan's cells and pretrainings that the experiment has ever
            seen, also of failed and interrupted ones, and of the calibrations of this call. A new call does not reset them.
        hours: wall-clock time of one call.
        cells: number of finished cells, including those of earlier calls.
    """

    kwh: float | None = Field(None, gt=0)
    hours: float | None = Field(None, gt=0)
    co2e_kg: float | None = Field(None, gt=0)
    cells: int | None = Field(None, gt=0)

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are not None, by the names of their fields."""
        return {name: getattr(self, name) for name in UNITS if getattr(self, name) is not None}

    @property
    def needs_energy(self) -> bool:
        """Whether the budget can be kept only if the energy of every attempt is known."""
        return self.kwh is not None or self.co2e_kg is not None

    @property
    def needs_forecast(self) -> bool:
        """Whether the budget can be kept only with a forecast of costs; a limit of cells needs none."""
        return self.needs_energy or self.hours is not None

    def replaced(self, limits: Mapping[str, Any]) -> "Budget":
        """Return this budget with other limits; None keeps the budget's own limit. Raises CatsError for a bad value."""
        flags = {name: value for name, value in limits.items() if value is not None}
        return parse(Budget, {**self.model_dump(), **flags}, "the budget")


def with_unit(name: str, value: float) -> str:
    """Return the value of a limit with its unit, for example `2.5 kWh`."""
    number = f"{value:.0f}" if name == "cells" else three_digits(value)
    return f"{number} {UNITS[name]}"
