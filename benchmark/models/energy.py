"""The energy of one use of a classifier, in one sentence: what was counted, what was modelled, what is missing."""

from collections.abc import Sequence

from results.record import Cost
from results.text.units import three_digits


def energy_sentence(costs: Sequence[Cost]) -> str:
    """Wh by provenance, with the hardware of each, and the hardware whose energy is missing; seconds."""
    parts = []
    for provenance in ("counter", "modelled"):
        of: dict[str, float] = {}
        for name, energy in (each for cost in costs for each in cost.energy.items()):
            if energy.provenance == provenance and energy.kwh is not None:
                of[name] = of.get(name, 0.0) + energy.kwh
        if of:
            word = "counted" if provenance == "counter" else "modelled"
            parts.append(f"{three_digits(1000 * sum(of.values()))} Wh {word} ({', '.join(of)})")
    missing = sorted({name for cost in costs for name in cost.missing})
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    return f"energy: {'; '.join(parts) or 'unknown'}; {sum(cost.seconds for cost in costs):.1f} s"
