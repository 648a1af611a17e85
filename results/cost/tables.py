"""A bill as tables of plain values and as sentences, before they are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.cost.amount import Amount
from results.cost.bill import Bill
from results.text.counts import how_many
from results.text.units import EnergyUnit, MassUnit, energy_text, energy_unit, mass_text, three_digits
from results.tracking.cost_columns import SHARED


@dataclass(frozen=True)
class CostTable:
    """A table of a bill. Energy is in kWh and CO2e in kg, None where they are not known."""

    title: str
    head: Sequence[str]
    lines: Sequence[Sequence[str | float | int | None]]

    @property
    def word_columns(self) -> frozenset[str]:
        """The names of the columns that hold words."""
        return frozenset(name for i, name in enumerate(self.head) if any(isinstance(line[i], str) for line in self.lines))

    def in_units(self, energy: EnergyUnit, mass: MassUnit) -> "CostTable":
        """The same in units in which people read it: the names of the columns and the numbers below them."""
        times = [energy.per_kwh if "kWh" in name else mass.per_kg if "kg" in name else None for name in self.head]
        head = [name.replace("kWh", energy.name).replace("kg", mass.name) for name in self.head]
        lines = [
            [
                value if factor is None or value is None else float(value) * factor
                for value, factor in zip(line, times, strict=True)
            ]
            for line in self.lines
        ]
        return CostTable(self.title, head, lines)


ROUGH = "runs used the same hardware at the same time, and each counts all the energy that it drew"
AMOUNT = ("kWh", "counter kWh", "modelled kWh", "missing figures", "kg CO2e", "seconds")


def page_unit(bill: Bill) -> EnergyUnit:
    """The unit of every energy of an answer or a page: the one in which the sum of all is short."""
    return energy_unit([bill.total.known])


def amount_cells(amount: Amount) -> list[float | int | None]:
    """An amount in the columns AMOUNT. Work without any time is that of imported runs whose time nobody stated."""
    known = amount.known is not None
    parts = [amount.counter, amount.modelled] if known else [None, None]
    return [amount.kwh, *parts, amount.missing, amount.co2e, amount.seconds or None]


def without_energy(runs: int) -> str:
    """How many runs have no energy reading, as the end of a sentence about an approximate amount."""
    return f", not counting {how_many(runs, 'run')} of unknown energy" if runs else ""


def bill_tables(bill: Bill) -> list[CostTable]:
    """The bill as tables; a table without lines is left out."""
    shared = f"with its pretraining over {bill.shared_over} {'target' if bill.shared_over == 1 else 'targets'}"
    nothing: list[float | int | None] = [0.0, 0.0, 0.0, 0, 0.0, 0.0]

    def lines(named: Mapping[Any, Amount]) -> list[list[Any]]:
        return [[*(key if isinstance(key, tuple) else (key,)), *amount_cells(amount)] for key, amount in named.items()]

    listed = [
        CostTable("All", ["what", "attempts", *AMOUNT], [
            ["all attempts", bill.attempts, *amount_cells(bill.total)],
            ["of these not finished", bill.unfinished, *(amount_cells(bill.lost) if bill.unfinished else nothing)],
            *([["of these made twice", bill.twice, *amount_cells(bill.repeated)]] if bill.twice else []),
        ]),
        CostTable("By phase and hardware", ["kind", "phase", "hardware", *AMOUNT], lines(bill.phases)),
        CostTable("Pretrainings", ["source", "backbone", *AMOUNT], lines(bill.pretrainings)),
        CostTable("Sources, cells of all targets", ["source", *AMOUNT], lines(bill.sources)),
        CostTable(f"Sources, one target, {shared}", ["source", *AMOUNT], lines(bill.per_target)),
        CostTable("Targets, cells of all sources", ["target", *AMOUNT], lines(bill.targets)),
        CostTable("Measures, scoring of all pairs", ["measure", *AMOUNT], lines(bill.measures)),
    ]  # fmt: skip
    return [table for table in listed if table.lines]


def bill_notes(bill: Bill) -> list[str]:
    """What the figures of a bill mean."""
    total = bill.total
    sentences = [
        "energy and CO2e are given only if all their parts are known; counter and modelled hold the parts that are known"
    ]
    known = "" if total.known is None else energy_text(total.known)
    if total.known is not None and total.kg:
        known += f" and {mass_text(total.kg)} CO2e"
    if total.rough:
        sentences.append(f"about {known} in all{without_energy(total.without)}: {ROUGH}")
    elif known and total.missing:
        sentences.append(
            f"at least {known} in all: {total.missing} {'figure is' if total.missing == 1 else 'figures are'} missing"
        )
    if bill.scoring.missing and total.missing > bill.scoring.missing:
        sentences.append(f"{bill.scoring.missing:,} of the {total.missing:,} missing figures are those of scored pairs")
    sentences += _other_attempts(bill)
    if total.kg_missing:
        sentences.append(f"of {energy_text(total.kg_missing)} the country's carbon intensity is unknown")
    if total.co2e is not None and bill.km_by_car is not None:
        about = "about " if total.rough else ""
        far = f"{three_digits(bill.km_by_car)} km" if bill.km_by_car >= 1 else f"{three_digits(1000 * bill.km_by_car)} m"
        driven = f"{far} by car (400 g per mile: US EPA, EPA-420-F-23-014)"
        sentences.append(f"{about}{mass_text(total.co2e)} CO2e are {driven}")
    if total.shared:
        shares = ", ".join(kind for kind in bill.kinds if kind.endswith(SHARED))
        sentences.append(
            f"{energy_text(total.shared)} of attempts that ran together on one device, shared by device time: {shares}"
        )
    sentences += bill.machine.sentences()
    sentences += bill.check.sentences()
    if bill.measures:
        sentences.append(
            "a measure pays for its own phase and for an equal share of the features that all measures of a run use"
        )
    return sentences


def _other_attempts(bill: Bill) -> list[str]:
    """What this experiment has no record of, and what was made twice."""
    sentences = []
    if bill.elsewhere:
        held = "this experiment has no record of a pretraining that they start from, whose energy is missing in every share"
        sentences.append(f"{', '.join(bill.elsewhere)}: {held}")
    if bill.twice:
        made = how_many(bill.twice, "attempt was", "attempts were")
        sentences.append(f"{made} made twice: another attempt at the same cell or pretraining had finished before")
    return sentences
