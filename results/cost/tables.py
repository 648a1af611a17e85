"""A bill as tables and sentences, before anybody decides how they look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.cost.amount import Amount
from results.cost.bill import Bill
from results.tracking.cost_columns import SHARED


@dataclass(frozen=True)
class Table:
    """A table: head and lines; energy in kWh, None where it is not known."""

    title: str
    head: Sequence[str]
    lines: Sequence[Sequence[str | float | int | None]]


ROUGH = "runs used hardware at the same time, and each stands with all that it drew"
AMOUNT = ("kWh", "counter kWh", "modelled kWh", "missing figures", "kg CO2e", "seconds")


def rounded(value: float) -> str:
    """Three digits, and of large numbers all before the point."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def amount_cells(amount: Amount) -> list[float | int | None]:
    """The columns AMOUNT of an amount."""
    known = amount.known is not None
    told = [amount.counter, amount.modelled] if known else [None, None]
    return [amount.kwh, *told, amount.missing, amount.co2e, amount.seconds]


def lacking(runs: int) -> str:
    """How many runs say nothing of their energy, behind a figure that is about."""
    return f", {runs} {'run' if runs == 1 else 'runs'} without" if runs else ""


def tables(bill: Bill) -> list[Table]:
    """The bill as tables; a table without lines is left out."""
    shared = f"with its pretraining over {bill.shared_over} {'target' if bill.shared_over == 1 else 'targets'}"
    nothing: list[float | int | None] = [0.0, 0.0, 0.0, 0, 0.0, 0.0]

    def lines(named: Mapping[Any, Amount]) -> list[list[Any]]:
        return [[*(key if isinstance(key, tuple) else (key,)), *amount_cells(amount)] for key, amount in named.items()]

    listed = [
        Table("All", ["what", "attempts", *AMOUNT], [
            ["all attempts", bill.attempts, *amount_cells(bill.total)],
            ["of these not finished", bill.unfinished, *(amount_cells(bill.lost) if bill.unfinished else nothing)],
        ]),
        Table("By phase and hardware", ["kind", "phase", "hardware", *AMOUNT], lines(bill.phases)),
        Table("Pretrainings", ["source", "backbone", *AMOUNT], lines(bill.pretrainings)),
        Table("Sources, cells of all targets", ["source", *AMOUNT], lines(bill.sources)),
        Table(f"Sources, one target, {shared}", ["source", *AMOUNT], lines(bill.per_target)),
        Table("Targets, cells of all sources", ["target", *AMOUNT], lines(bill.targets)),
        Table("Measures, scoring of all pairs", ["measure", *AMOUNT], lines(bill.measures)),
    ]  # fmt: skip
    return [table for table in listed if table.lines]


def notes(bill: Bill) -> list[str]:
    """What the figures mean."""
    total = bill.total
    said = ["kWh and kg CO2e are given only where every figure of them is known; counter and modelled are what is known"]
    known = "" if total.known is None else f"{rounded(total.known)} kWh"
    if total.known is not None and total.kg:
        known += f" and {rounded(total.kg)} kg CO2e"
    if total.rough:
        said.append(f"about {known} in all{lacking(total.without)}: {ROUGH}")
    elif known and total.missing:
        said.append(f"at least {known} in all: {total.missing} {'figure is' if total.missing == 1 else 'figures are'} missing")
    if total.kg_missing:
        said.append(f"of {total.kg_missing:.3g} kWh the country's carbon intensity is unknown")
    if bill.km_by_car is not None:
        about = "about " if total.rough else ""
        driven = f"{bill.km_by_car:.3g} km by car (400 g per mile: US EPA, EPA-420-F-23-014)"
        said.append(f"{about}{total.co2e:.3g} kg CO2e are {driven}")
    if total.shared:
        shares = ", ".join(kind for kind in bill.kinds if kind.endswith(SHARED))
        said.append(f"{total.shared:.3g} kWh of attempts that ran together on one device, shared by device time: {shares}")
    said += bill.check.sentences()
    if bill.measures:
        said.append("a measure: its own phase and an equal share of the features that the measures of a run were given")
    return said
