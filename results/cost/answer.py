"""The answer of `cats cost` in sentences, before any table: what it took, and which ways of choosing are worth their energy."""

from collections.abc import Sequence

from results.cost.bill import Bill
from results.cost.tables import page_unit, without_energy
from results.cost.tradeoff import Tradeoff, Way
from results.text.counts import how_many
from results.text.units import EnergyUnit, energy_text, mass_text


def answer(bill: Bill, tradeoff: Tradeoff | None) -> list[str]:
    """One sentence about the total, and one about the ways of choosing if there are any."""
    attempts = how_many(bill.attempts, "attempt")
    parts = [(bill.scored, "scored a pair"), (bill.unfinished, "not finished"), (bill.twice, "made twice")]
    told = [f"{number:,} of them {how}" for number, how in parts if number]
    named = " and ".join([*[", ".join(told[:-1])][: len(told) > 1], *told[-1:]])
    lost = f" ({named})" if named else ""
    return [
        f"{bill.experiment}: {attempts}{lost} took {taken(bill)}",
        *([] if tradeoff is None else _worth(tradeoff, page_unit(bill))),
    ]


def taken(bill: Bill) -> str:
    """The energy and the CO2e of all attempts, in the units in which their numbers are short."""
    total = bill.total
    if total.known is None:
        return "energy that is not known"
    sign = "about " if total.rough else "at least " if total.missing else ""
    emitted = f" and {mass_text(total.kg)} CO2e" if total.kg else ""
    return f"{sign}{energy_text(total.known)}{emitted}{without_energy(total.without) if total.rough else ''}"


def _worth(tradeoff: Tradeoff, unit: EnergyUnit) -> list[str]:
    front = [way for way in tradeoff.ways if way.front]
    if not front:
        return [
            f"which way of choosing is worth its energy is not known, because no energy of {_all(tradeoff)} is known in full"
        ]
    listed = "; ".join(f"{way.name}, {unit.text(way.kwh or 0.0)} {unit.name}, {_regret(way)}" for way in front)
    what = f"ways of choosing that no other way beats in both energy and mean regret ({tradeoff.metric}, {_all(tradeoff)})"
    return [f"{what}: {listed}{_sure(front)}"]


def _all(tradeoff: Tradeoff) -> str:
    return f"{tradeoff.targets} {'target' if tradeoff.targets == 1 else 'targets'}"


def _regret(way: Way) -> str:
    return f"{way.regret:.4f}" + ("" if way.low is None or way.high is None else f" (95 % {way.low:.4f} – {way.high:.4f})")


def _sure(front: Sequence[Way]) -> str:
    """Whether the regrets of the front can be told from each other by their intervals."""
    if len(front) < 2:
        return ""
    ends = [(way.low, way.high) for way in front if way.low is not None and way.high is not None]
    if len(ends) < len(front):
        return "; not every regret has an interval, so that this order may be chance"
    overlap = max(low for low, _ in ends) <= min(high for _, high in ends)
    return "; all their intervals overlap, so that this order may be chance" if overlap else ""
