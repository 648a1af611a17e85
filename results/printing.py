"""What every result that a command prints can do, and the forms that these results share."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

FORMULA = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")


class Printable(Protocol):
    """A result in four forms."""

    def table(self) -> RenderableType:
        """For the terminal."""
        ...

    def markdown(self) -> str:
        """For a README or an issue."""
        ...

    def csv(self) -> str:
        """For a spreadsheet: numbers in full."""
        ...

    def to_dict(self) -> Any:
        """Plain data, which can be written as JSON."""
        ...


def terminal_table(title: str | None, head: Sequence[str], left: Collection[str] = (), unbroken: Collection[str] = ()) -> Table:
    """A table without rows. Columns in `left` hold words, and lines of columns in `unbroken` are never broken."""
    table = Table(title=None if title is None else escape(title), title_justify="left", title_style="bold")
    for name in head:
        table.add_column(escape(name), justify="left" if name in left else "right", no_wrap=name in unbroken, overflow="fold")
    return table


def terminal_notes(notes: Iterable[str]) -> Text:
    """The sentences below a table on the terminal."""
    return Text("\n".join(f"· {note}" for note in notes))


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[str] = ()) -> list[str]:
    """The lines of a table; columns in `left` hold words."""
    clean = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    ruled = ["---" if name in left else "---:" for name in head]
    return ["| " + " | ".join(row) + " |" for row in [clean[0], ruled, *clean[1:]]]


def markdown_notes(notes: Iterable[str]) -> list[str]:
    """The sentences below a table on a page."""
    return [f"- {note}" for note in notes]


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Comma-separated values with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def guarded(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text
