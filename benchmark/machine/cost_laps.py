"""Add up the costs of a phase that was measured in several laps."""

import math
from collections.abc import Iterable

from results.record import Cost, Energy

AMOUNTS = {"seconds", "nvml_kwh", "shared_seconds", "cpu_seconds", "busy_seconds"}  # of a cost; the other fields are kinds
ENERGY_AMOUNTS = {"kwh", "machine_kwh"}


def joined(laps: Iterable[Cost]) -> list[Cost]:
    """The costs with all of one kind added up, in the order of the first of each kind.

    Costs are of one kind if they are of one phase and say the same of what was counted, modelled or missing, so that a sum
    says it too.
    """
    kinds: dict[str, list[Cost]] = {}
    for cost in laps:
        kinds.setdefault(_kind(cost), []).append(cost)
    return [costs[0] if len(costs) == 1 else _sum(costs) for costs in kinds.values()]


def _kind(cost: Cost) -> str:
    """A text that is equal for costs of one kind: every field, of an amount only whether it is known."""
    fields = cost.model_dump()
    fields["energy"] = {name: _kinds_of(part, ENERGY_AMOUNTS) for name, part in sorted(fields["energy"].items())}
    fields["kg_per_kwh"] = fields["kg_per_kwh"] is None
    return repr(_kinds_of(fields, AMOUNTS))


def _kinds_of(fields: dict[str, object], amounts: set[str]) -> list[tuple[str, object]]:
    return [(name, value is None if name in amounts else value) for name, value in sorted(fields.items())]


def _sum(costs: list[Cost]) -> Cost:
    totals = {name: _total([getattr(cost, name, None) for cost in costs]) for name in AMOUNTS & Cost.model_fields.keys()}
    energy = {}
    for name, part in costs[0].energy.items():
        amounts = {
            amount: _total([getattr(cost.energy[name], amount) for cost in costs])
            for amount in ENERGY_AMOUNTS & Energy.model_fields.keys()
        }
        energy[name] = part.model_copy(update=amounts)
    return costs[0].model_copy(update={**totals, "energy": energy, "kg_per_kwh": _intensity(costs)})


def _total(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def _intensity(costs: list[Cost]) -> float | None:
    """The carbon intensity of all of them: kg CO2e over kWh, where both are known."""
    known = [(cost.kg_per_kwh, cost.kwh("counter") + cost.kwh("modelled")) for cost in costs if cost.kg_per_kwh is not None]
    kwh = math.fsum(part for _, part in known)
    return math.fsum(intensity * part for intensity, part in known) / kwh if kwh else costs[0].kg_per_kwh
