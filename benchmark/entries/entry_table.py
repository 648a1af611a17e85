"""The entries of one kind, and everything about one name, as tables that commands print."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from results.text.printing import LONGEST_CELL, TerminalTable, csv_text, markdown_table, terminal_table

# Columns of each kind, those first that a narrow terminal shows too.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sources": (
        "name", "kind", "modality", "task", "here", "images", "backbone", "classes", "groups", "title", "licence", "citation",
    ),
    "targets": ("name", "modality", "task", "images", "here", "classes", "groups", "title", "licence", "citation"),
    "measures": ("name", "needs", "grows", "options", "multilabel", "title", "citation"),
    "plans": ("name", "sources", "targets", "seeds"),
    "recipes": ("name", "protocol", "size", "points", "title"),
}  # fmt: skip
DESCRIPTION = "description"  # the key of the text about a measure
FIGURES = ("images", "classes", "seeds", "size", "points")


@dataclass(frozen=True)
class EntryTable:
    """Entries of one kind, one row each."""

    kind: str
    rows: Sequence[Mapping[str, Any]]

    @property
    def sentences(self) -> Sequence[str]:
        """None: the table says it all."""
        return ()

    def table(self) -> RenderableType:
        """For the terminal: the columns for which it has room, and the names of the others."""
        table = FirstColumns(self.head)
        for row in self._cells():
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For a README or an issue."""
        return "\n".join(markdown_table(self.head, self._cells(), left=set(self.head) - set(FIGURES)))

    def csv(self) -> str:
        """For a spreadsheet."""
        return csv_text(self.head, [[row.get(column) for column in self.head] for row in self.rows])

    def to_dict(self) -> list[dict[str, Any]]:
        """The rows, with every column."""
        return [dict(row) for row in self.rows]

    @property
    def head(self) -> list[str]:
        """The columns that hold something."""
        return [name for name in COLUMNS[self.kind] if name == "name" or any(row.get(name) is not None for row in self.rows)]

    def _cells(self) -> Iterator[list[str]]:
        for row in self.rows:
            yield [_cell(row.get(column)) for column in self.head]


class FirstColumns(TerminalTable):
    """A table of the columns for which the terminal has room; a sentence below names those that are not shown."""

    def __init__(self, head: Sequence[str]) -> None:
        super().__init__(None, head, left=set(head) - set(FIGURES))

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The table in the width of the console."""
        columns = next(self.parts(options.max_width))
        yield self._part(None, columns, options.max_width)
        hidden = [name for number, name in enumerate(self.head) if number not in columns]
        if hidden:
            yield Text(f"{', '.join(hidden)}: `cats show NAME`, a wider terminal or --json")


@dataclass(frozen=True)
class Description:
    """Everything that a name stands for: the facts of each kind of entry that it names."""

    facts: Mapping[str, Mapping[str, Any]]

    @property
    def sentences(self) -> Sequence[str]:
        """None: the table says it all."""
        return ()

    def table(self) -> RenderableType:
        """For the terminal: one table for each kind of entry, one line for each key that holds something."""
        head = ("key", "value")
        return Group(*(terminal_table(kind, head, _by_paragraph(facts), left=head) for kind, facts in self.facts.items()))

    def markdown(self) -> str:
        """For a README or an issue."""
        rows = [[entry, key, " ".join(value.split()) if key == DESCRIPTION else value] for entry, key, value in self._rows()]
        return "\n".join(markdown_table(["entry", "key", "value"], rows, left=("entry", "key", "value")))

    def csv(self) -> str:
        """For a spreadsheet."""
        return csv_text(["entry", "key", "value"], self._rows())

    def to_dict(self) -> dict[str, Any]:
        """All facts, also those that hold nothing."""
        return {kind: dict(facts) for kind, facts in self.facts.items()}

    def _rows(self) -> list[list[str]]:
        return [[kind, key, value] for kind, facts in self.facts.items() for key, value in flat_facts(facts)]


def _by_paragraph(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The flat facts. A description has a row for each of its paragraphs, and more for a long one: a cell would be cut."""
    for key, value in flat_facts(facts):
        if key != DESCRIPTION:
            yield key, value
            continue
        parts = [part for paragraph in value.split("\n\n") for part in wrap(paragraph, LONGEST_CELL)]
        yield from zip([key, *[""] * len(parts)], parts, strict=False)


def flat_facts(facts: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """The keys of nested facts with a point between them, such as `dataset.task`, and their values; empty ones are left out."""
    for key, value in facts.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from flat_facts(value, f"{path}.")
        elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value, start=1):
                yield from flat_facts({f"{path} {number}": each}) if len(value) > 1 else flat_facts({path: each})
        elif value is not None and value not in ("", [], ()):
            yield path, _cell(value)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        cells = [_cell(each) for each in value]
        return ("; " if any("," in cell for cell in cells) else ", ").join(cells)
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)
