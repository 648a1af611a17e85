"""A bill and its trade-off as text: for the terminal, for a page, for a spreadsheet, for a program."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.board.request import CHOICES
from results.cost.answer import answer
from results.cost.bill import Bill
from results.cost.paid_plot import paid_of
from results.cost.tables import ROUGH, CostTable, bill_notes, bill_tables, page_unit, without_energy
from results.cost.tradeoff import CHANCE, MADE, Tradeoff
from results.statistics.rank_agreement import FEW, MANY
from results.text.counts import how_many
from results.text.printing import (
    REGRET_DIGITS,
    csv_text,
    figure_text,
    markdown_notes,
    markdown_section,
    terminal_notes,
    terminal_table,
)
from results.text.units import KWH, EnergyUnit, duration_text, mass_unit, three_digits

PART = f"'{MADE}' may be a part of all pairs, and the best source is the best one of those that were run"
TIME = "seconds"  # the column of times, in numbers
ENDS = ("way to choose", "front")  # the columns of words among the ways of choosing


@dataclass(frozen=True)
class CostText:
    """A bill, with its trade-off if there is one, in the four forms of results.text.printing.Printable."""

    bill: Bill
    tradeoff: Tradeoff | None

    @property
    def tables(self) -> list[CostTable]:
        """The tables of the bill, and that of the trade-off."""
        tables = bill_tables(self.bill)
        return tables if self.tradeoff is None else [*tables, tradeoff_table(self.tradeoff)]

    @property
    def notes(self) -> list[str]:
        """The sentences below the tables."""
        return bill_notes(self.bill) + ([] if self.tradeoff is None else tradeoff_notes(self.tradeoff, page_unit(self.bill)))

    @property
    def _read(self) -> list[CostTable]:
        """The tables of the bill in the units in which people read them."""
        units = page_unit(self.bill), mass_unit(self.bill.total.kg)
        return [table.in_units(*units) for table in bill_tables(self.bill)]

    @property
    def sentences(self) -> list[str]:
        """The answer, and what is to be known of the figures."""
        return [*answer(self.bill, self.tradeoff), *self.notes]

    def table(self) -> RenderableType:
        """For the terminal: the answer, the ways of choosing, then every detail of the bill."""
        parts: list[RenderableType] = [terminal_notes(answer(self.bill, self.tradeoff)), Text("")]
        if self.tradeoff is not None:
            unit = page_unit(self.bill)
            title, head, lines = tradeoff_lines(self.tradeoff, unit)
            parts += [terminal_table(title, head, lines, ENDS), terminal_notes(tradeoff_notes(self.tradeoff, unit)), Text("")]
        for table in self._read:
            keys = sum(name in table.word_columns for name in table.head)
            parts += [terminal_table(table.title, _heads(table), _cells(table), table.word_columns, keys), Text("")]
        return Group(*parts, terminal_notes(bill_notes(self.bill)))

    def markdown(self) -> str:
        """For a README or an issue: in the order of the terminal."""
        lines = [*markdown_notes(answer(self.bill, self.tradeoff)), ""]
        if self.tradeoff is not None:
            unit = page_unit(self.bill)
            title, head, rows = tradeoff_lines(self.tradeoff, unit)
            lines += [*markdown_section(title, head, rows, ENDS), *markdown_notes(tradeoff_notes(self.tradeoff, unit)), ""]
        for table in self._read:
            lines += markdown_section(table.title, _heads(table), _cells(table), table.word_columns)
        return "\n".join([*lines, *markdown_notes(bill_notes(self.bill))]) + "\n"

    def csv(self) -> str:
        """One line for each figure: table, line, column, value; numbers in full, empty where a figure is not known."""
        rows = []
        for table in self.tables:
            words = [name in table.word_columns for name in table.head]
            for line in table.lines:
                name = " / ".join(str(value) for value, word in zip(line, words, strict=True) if word and value)
                cells = zip(table.head, line, words, strict=True)
                rows += [[table.title, name, column, value] for column, value, word in cells if not word]
        return csv_text(["table", "line", "column", "value"], rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it; null where a figure is not known."""
        tables = [
            {"title": table.title, "lines": [dict(zip(table.head, line, strict=True)) for line in table.lines]}
            for table in self.tables
        ]
        total = self.bill.total
        return {
            "experiment": self.bill.experiment, "answer": answer(self.bill, self.tradeoff),
            "kwh": total.kwh, "co2e_kg": total.co2e, "km_by_car": self.bill.km_by_car, "tables": tables,
            "tradeoff": None if self.tradeoff is None else asdict(self.tradeoff), "notes": self.notes,
        }  # fmt: skip


def _cells(table: CostTable) -> list[list[str]]:
    return [
        [duration_text(value) if name == TIME and isinstance(value, float | int) else _cell(value)
         for name, value in zip(table.head, line, strict=True)]
        for line in table.lines
    ]  # fmt: skip


def _heads(table: CostTable) -> list[str]:
    """The heads of a table as people read it, in which each time has its own unit."""
    return ["time" if name == TIME else name for name in table.head]


def tradeoff_lines(tradeoff: Tradeoff, unit: EnergyUnit = KWH) -> tuple[str, list[str], list[list[str]]]:
    """Title, head and lines of the ways of choosing as text; a regret has its interval behind it, as in `cats agree`."""
    table = tradeoff_table(tradeoff).in_units(unit, mass_unit(None))
    first, _, _, _, _, *rest = table.head
    lines = [
        [paid.name, figure_text(paid.regret, paid.low, paid.high, REGRET_DIGITS), *(_cell(value) for value in line[5:])]
        for paid, line in zip(paid_of(tradeoff), table.lines, strict=True)
    ]
    return f"{table.title}, on {how_many(tradeoff.targets, 'target')}", [first, "regret (95 %)", *rest], lines


def tradeoff_table(tradeoff: Tradeoff) -> CostTable:
    """The ways of choosing with regret and energy. A column of known energy follows kWh where that is not complete."""
    known = ["kWh about"] if tradeoff.rough else ["kWh at least"] if any(w.bound for w in tradeoff.ways) else []
    head = ["way to choose", "regret", "95 % low", "95 % high", "targets", "kWh", *known, "front"]
    lines = [
        [w.name, w.regret, w.low, w.high, w.targets, w.kwh, *[w.known] * len(known), "yes" if w.front else ""]
        for w in tradeoff.ways
    ]
    return CostTable(f"Regret of {tradeoff.metric} against energy", head, lines)


def tradeoff_notes(tradeoff: Tradeoff, unit: EnergyUnit = KWH) -> list[str]:
    """What the trade-off means; its energies are in `unit`."""
    over, swept = how_many(tradeoff.shared_over, "target"), any(way.name == tradeoff.sweep for way in tradeoff.ways)
    payers = f"measures and '{tradeoff.sweep}'" if swept else "measures"
    notes = [
        "regret: the test metric of the best source minus that of the chosen one, mean over targets, 95 % as in `cats agree`",
        *([f"'{tradeoff.sweep}' chooses by validation images"] if swept else []),
        f"'{CHANCE}' is what a random choice loses on average",
        f"{payers} pay for pretrainings, each shared over {over}; constants pay nothing",
        *([PART] if swept and tradeoff.sweep == MADE else []),
        *comparability_notes(tradeoff),
        *tradeoff.apart,
        *([FEW] if tradeoff.targets < MANY else []),
    ]
    if tradeoff.reference is None or tradeoff.hypervolume is None:
        if tradeoff.experiment.startswith(CHOICES):
            return [*notes, "no hypervolume: what all pairs would have cost is not known"]
        return [*notes, "no hypervolume: no energy of the sweep is known, or no choice loses anything"]
    kwh, regret = tradeoff.reference
    volume, rectangle = (
        tradeoff.hypervolume,
        f"share of the rectangle up to {unit.text(kwh)} {unit.name} and regret {three_digits(regret)}",
    )
    if tradeoff.rough:
        about = [
            f"'{w.name}' costs about {unit.text(w.known or 0.0)} {unit.name}{without_energy(w.without)}: {ROUGH}"
            for w in tradeoff.ways
            if w.rough
        ]
        return [*notes, *about, f"hypervolume about {volume:.4f}, no bound: {rectangle}"]
    if not tradeoff.bound:
        return [*notes, f"hypervolume {volume:.4f}: {rectangle}"]
    least = f"'{tradeoff.sweep}' costs at least {unit.text(kwh)} {unit.name}, a part is missing"
    more = f"{least}; with more energy the hypervolume can only grow"
    return [*notes, more, f"hypervolume at least {volume:.4f}: {rectangle}"]


def comparability_notes(tradeoff: Tradeoff) -> list[str]:
    """On which targets ways are compared, if these are not all, and which ways are not compared."""
    notes = []
    if tradeoff.targets < tradeoff.with_regret:
        compared = f"judged on {tradeoff.targets} of {tradeoff.with_regret} targets"
        notes.append(f"{compared}, those on which most ways can be compared")
    if tradeoff.partial:
        names = ", ".join(f"{way.name} ({way.targets} of {tradeoff.targets})" for way in tradeoff.partial)
        notes.append(f"off the front and out of the hypervolume, because judged on fewer targets: {names}")
    return notes


def _cell(value: str | float | None) -> str:
    if value is None:
        return "missing"
    if isinstance(value, float | int) and abs(value) >= 1000:
        return f"{value:,.0f}"
    return three_digits(value) if isinstance(value, float) else str(value)
