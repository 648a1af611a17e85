"""A bill and its trade-off as text: table, markdown, csv, plain data."""

import csv
import io
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table as Drawn
from rich.text import Text

from results.cost.bill import Bill
from results.cost.tables import ROUGH, Table, lacking, notes, rounded, tables
from results.cost.tradeoff import CHANCE, SWEEP, Tradeoff
from results.statistics.rank_agreement import FEW, MANY

REFERENCE = "reference point"


def parts(bill: Bill, tradeoff: Tradeoff | None) -> tuple[list[Table], list[str]]:
    """All tables and all sentences."""
    listed, said = tables(bill), notes(bill)
    if tradeoff is not None:
        more = ["kWh about"] if tradeoff.rough else ["kWh at least"] if any(w.bound for w in tradeoff.ways) else []
        head = ["way to choose", "regret", "95 % low", "95 % high", "targets", "kWh", *more, "front"]
        lines = [
            [w.name, w.regret, w.low, w.high, w.targets, w.kwh, *[w.known] * len(more), "yes" if w.front else ""]
            for w in tradeoff.ways
        ]
        listed.append(Table(f"Regret of {tradeoff.metric} against energy", head, lines))
        said += tradeoff_notes(tradeoff)
    return listed, said


def tradeoff_notes(made: Tradeoff) -> list[str]:
    """What the trade-off means."""
    said = [
        "regret: the best source's test metric minus the chosen one's, mean over targets, 95 % over targets",
        f"'{SWEEP}' chooses by validation images; '{CHANCE}': what choosing blindly loses on average",
        f"measures and the sweep pay for pretrainings too, each shared over {made.shared_over} targets; constants pay nothing",
    ]
    said += compared(made)
    if made.targets < MANY:
        said.append(FEW)
    if made.reference is None or made.hypervolume is None:
        return [*said, "no hypervolume: nothing is known of the energy of the sweep, or no choice loses anything"]
    k, r = made.reference
    rectangle = f"share of the rectangle up to {rounded(k)} kWh and regret {r:.3g}"
    if made.rough:
        about = [w for w in made.ways if w.rough]
        told = [f"'{w.name}' costs about {rounded(w.known or 0.0)} kWh{lacking(w.without)}: {ROUGH}" for w in about]
        return [*said, *told, f"hypervolume about {made.hypervolume:.4f}, no bound: {rectangle}"]
    if not made.bound:
        return [*said, f"hypervolume {made.hypervolume:.4f}: {rectangle}"]
    more = f"'{SWEEP}' costs at least {rounded(k)} kWh, a part is missing; with more of it the hypervolume can only grow"
    return [*said, more, f"hypervolume at least {made.hypervolume:.4f}: {rectangle}"]


def compared(made: Tradeoff) -> list[str]:
    """On which targets ways are compared, where that are not all, and which ways are not."""
    said = []
    if made.targets < made.told:
        said.append(f"judged on {made.targets} of {made.told} targets, those on which most ways can be compared")
    if made.partial:
        names = ", ".join(f"{way.name} ({way.targets} of {made.targets})" for way in made.partial)
        said.append(f"off the front and out of the hypervolume, because judged on fewer targets: {names}")
    return said


def shown(value: str | float | None) -> str:
    """A cell as text; what is not known says so."""
    if value is None:
        return "missing"
    return rounded(value) if isinstance(value, float) else str(value)


def table(listed: list[Table], said: list[str]) -> Group:
    """For the terminal."""
    drawn: list[Drawn | Text] = []
    for one in listed:
        made = Drawn(title=escape(one.title), title_justify="left", title_style="bold")
        for name, words in zip(one.head, _words(one), strict=True):
            made.add_column(escape(name), justify="left" if words else "right", overflow="fold")
        for line in one.lines:
            made.add_row(*(escape(shown(cell)) for cell in line))
        drawn += [made, Text("")]
    return Group(*drawn, Text("\n".join(f"· {note}" for note in said)))


def markdown(listed: list[Table], said: list[str]) -> str:
    """For a page."""
    lines: list[str] = []
    for one in listed:
        ruled = ["---" if words else "---:" for words in _words(one)]
        rows = [list(one.head), ruled, *([shown(cell).replace("|", "\\|") for cell in line] for line in one.lines)]
        lines += [f"**{one.title}**", "", *("| " + " | ".join(row) + " |" for row in rows), ""]
    return "\n".join([*lines, *(f"- {note}" for note in said)]) + "\n"


def comma_separated(listed: list[Table]) -> str:
    """One line per figure: table, line, column, value; numbers in full, nothing where a figure is not known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["table", "line", "column", "value"])
    for one in listed:
        words = _words(one)
        names = [" / ".join(str(c) for c, w in zip(line, words, strict=True) if w and c) for line in one.lines]
        for name, line in zip(names, one.lines, strict=True):
            cells = zip(one.head, line, words, strict=True)
            writer.writerows([one.title, name, column, value] for column, value, word in cells if not word)
    return out.getvalue()


def plain(bill: Bill, tradeoff: Tradeoff | None) -> dict[str, Any]:
    """As JSON has it; null where a figure is not known."""
    listed, said = parts(bill, tradeoff)
    tabled = [{"title": one.title, "lines": [dict(zip(one.head, line, strict=True)) for line in one.lines]} for one in listed]
    return {
        "experiment": bill.experiment, "kwh": bill.total.kwh, "co2e_kg": bill.total.co2e, "km_by_car": bill.km_by_car,
        "tables": tabled, "tradeoff": None if tradeoff is None else asdict(tradeoff), "notes": said,
    }  # fmt: skip


def _words(one: Table) -> list[bool]:
    """Which columns hold words."""
    return [any(isinstance(line[i], str) for line in one.lines) for i in range(len(one.head))]
