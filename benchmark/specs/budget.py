"""A budget: the limits of what a plan may use. It changes no outcome, so it is part of no key."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from benchmark.core.numeric import Numeric
from benchmark.core.parse import parse

UNITS = {"kwh": "kWh", "co2e_kg": "kg CO2e", "hours": "hours", "cells": "cells"}


class Budget(Numeric):
    """Limits of what may be spent; None sets no limit.

    Attributes:
        kwh, co2e_kg: by all attempts at the plan's cells and pretrainings that the experiment has ever seen, failed and
            interrupted ones too, and by the calibrations of this call. Starting again does not reset it.
        hours: of wall-clock time, in one call.
        cells: finished in total, in this and in earlier calls.
    """

    kwh: float | None = Field(None, gt=0, allow_inf_nan=False)
    hours: float | None = Field(None, gt=0, allow_inf_nan=False)
    co2e_kg: float | None = Field(None, gt=0, allow_inf_nan=False)
    cells: int | None = Field(None, gt=0)

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are set, by the names of their fields."""
        return {name: getattr(self, name) for name in UNITS if getattr(self, name) is not None}

    @property
    def needs_energy(self) -> bool:
        """Whether the energy of every attempt must be known to keep the budget."""
        return self.kwh is not None or self.co2e_kg is not None

    @property
    def needs_forecast(self) -> bool:
        """Whether costs must be forecast to keep the budget; for a limit of cells, counting is enough."""
        return self.needs_energy or self.hours is not None

    def replaced(self, limits: Mapping[str, Any]) -> "Budget":
        """This budget with the limits that the command line sets (not None). Raises CatsError for a bad value."""
        flags = {name: value for name, value in limits.items() if value is not None}
        return parse(Budget, {**self.model_dump(), **flags}, "the budget")


def with_unit(name: str, value: float) -> str:
    """An amount of what a limit is about, with its unit."""
    return f"{value:.0f} {UNITS[name]}" if name == "cells" else f"{value:.3g} {UNITS[name]}"
