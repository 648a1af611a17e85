"""Amounts for budgets and forecasts: the measured cost of an attempt, the expected cost of work."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.cost.amount import Amount, add, amount_of

Costs = Sequence[Mapping[str, Any]]
UNKNOWN = Amount(missing=1, figures=1)


@dataclass(frozen=True)
class Estimate:
    """The expected cost of work.

    Attributes:
        low, high: about one tenth of such work costs less than `low`, and one tenth costs more than `high`.
        likely: the mean, which many pieces of such work together cost per piece.
    """

    low: Amount
    likely: Amount
    high: Amount

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(self.low + other.low, self.likely + other.likely, self.high + other.high)


NOTHING = Estimate(Amount(), Amount(), Amount())


def estimate(seconds: np.ndarray, kwh: np.ndarray, co2e_kg: np.ndarray) -> Estimate:
    """An estimate from the low, likely and high value of each quantity, arrays of three; NaN where it is unknown."""
    low, likely, high = (modelled(*map(float, values)) for values in zip(seconds, kwh, co2e_kg, strict=True))
    return Estimate(low, likely, high)


def modelled(seconds: float, kwh: float, co2e_kg: float) -> Amount:
    """An amount that was computed, not read from a counter; NaN means an unknown figure."""
    if math.isnan(kwh):
        return Amount(missing=1, figures=1, seconds=seconds)
    if math.isnan(co2e_kg):
        return Amount(modelled=kwh, kg_missing=kwh, figures=1, seconds=seconds)
    return Amount(modelled=kwh, kg=co2e_kg, figures=1, seconds=seconds)


def total_of(costs: Costs) -> Amount:
    """The sum of the costs of one attempt, as in its record."""
    return add(map(amount_of, costs))


def known_part(amount: Amount, limit: str) -> float:
    """The known part of an amount, in the unit of a limit of a budget: kwh, co2e_kg or hours."""
    parts = {"kwh": amount.counter + amount.modelled, "co2e_kg": amount.kg, "hours": amount.seconds / 3600}
    return parts[limit]


def is_unknown(amount: Amount, limit: str) -> bool:
    """Whether a part of an amount that a limit of a budget counts is unknown."""
    return (limit != "hours" and amount.missing > 0) or (limit == "co2e_kg" and amount.kg_missing > 0)


def was_cut_off(costs: Costs, status: str) -> bool:
    """Whether an attempt has no energy reading because its process was killed (worker death, SIGKILL).

    Its expected cost is charged instead. An attempt that ended by itself without a reading was not measured, though its
    hardware is named: its cost stays unknown. `status`: the status of a record or of a run.
    """
    readings = [part["kwh"] for cost in costs for part in cost["energy"].values()]
    unheard = status in {"interrupted", "KILLED"} or (status in {"failed", "FAILED"} and not readings)
    return not costs or (unheard and all(kwh is None for kwh in readings))
