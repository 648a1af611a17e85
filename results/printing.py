"""What every result that a command prints can do, and the forms that these results share: terminal, Markdown, CSV.

Names and sentences of other people become harmless here, once for each form, so that no caller has to think of it.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from results.plain import plain, shortened

FORMULA = re.compile(r"[=+\-@＝＋－＠]")
BEHIND_A_SEPARATOR = re.compile(r"(;\s*)(?=[=+@＝＋－＠]|-\D)")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
MARKDOWN = re.compile(r"[\\`*<|$~]|^>|(?<!\w)_|_(?!\w)|\](?=[(\[:])|&(?=#?\w+;)|!(?=\[)")
LONGEST_CELL = 500  # characters on the terminal; more would be pages
LEAST_WORD = 12  # columns of words; narrower ones would show one syllable in each line


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


class TerminalTable:
    """A table that never cuts a figure: words are wrapped, and a table that is still too wide goes beyond the terminal.

    Columns in `left` hold words, all others figures. A figure with its interval may be divided at a space, except in columns
    in `unbroken`.
    """

    def __init__(
        self, title: str | None, head: Sequence[str], left: Collection[str] = (), unbroken: Collection[str] = ()
    ) -> None:
        self.title, self.head = None if title is None else plain(title), [plain(name) for name in head]
        self.words = [name in left for name in head]
        self.whole = [name in unbroken for name in head]
        self.rows: list[tuple[list[str], str]] = []

    def add_row(self, *cells: str, style: str = "") -> None:
        """Add a line of cells; they are text, no markup."""
        self.rows.append(([shortened(plain(cell), LONGEST_CELL) for cell in cells], style))

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        """The least and the greatest width, without a bound."""
        frame = 3 * len(self.head) + 1
        return Measurement(frame + sum(self._least()), frame + sum(self._natural()))

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The table in the width of the console, or in its least width."""
        frame = 3 * len(self.head) + 1
        widths = self._fitted(options.max_width - frame)
        title = None if self.title is None else Text(self.title, "bold")
        table = Table(title=title, title_justify="left", width=sum(widths) + frame)
        for name, words, width in zip(self.head, self.words, widths, strict=True):
            table.add_column(Text(name), justify="left" if words else "right", width=width, overflow="fold")
        for cells, style in self.rows:
            table.add_row(*map(Text, cells), style=style)
        yield table

    def _fitted(self, room: int) -> list[int]:
        """The width of each column: the widest ones that may shrink do so first."""
        least = self._least()
        widths = [max(min(width, room), end) for width, end in zip(self._natural(), least, strict=True)]
        while sum(widths) > room and widths != least:
            widest = max(width for width, end in zip(widths, least, strict=True) if width > end)
            number = next(i for i, width in enumerate(widths) if width == widest and width > least[i])
            widths[number] -= 1
        return widths

    def _natural(self) -> list[int]:
        return [max(map(cell_len, column)) for column in self._columns()]

    def _least(self) -> list[int]:
        """The width below which a column would break a figure, or its words too often."""
        return [
            min(LEAST_WORD, max(map(cell_len, column))) if words else
            max(cell_len(part) for cell in column for part in ([cell] if whole else cell.split() or [""]))
            for column, words, whole in zip(self._columns(), self.words, self.whole, strict=True)
        ]  # fmt: skip

    def _columns(self) -> list[list[str]]:
        return [[name, *(cells[i] for cells, _ in self.rows)] for i, name in enumerate(self.head)]


def terminal_notes(notes: Iterable[str]) -> Text:
    """The sentences below a table on the terminal."""
    return Text("\n".join(f"· {plain(note)}" for note in notes))


def markdown_text(text: str) -> str:
    """The text with the signs escaped that Markdown, HTML or mathematics in it would take for more than text."""
    return MARKDOWN.sub(lambda found: _escaped_sign(found[0]), plain(text))


def _escaped_sign(sign: str) -> str:
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(sign, f"\\{sign}")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[str] = ()) -> list[str]:
    """The lines of a table; columns in `left` hold words."""
    clean = [[markdown_text(cell) for cell in row] for row in (head, *rows)]
    ruled = ["---" if name in left else "---:" for name in head]
    return ["| " + " | ".join(row) + " |" for row in [clean[0], ruled, *clean[1:]]]


def markdown_notes(notes: Iterable[str]) -> list[str]:
    """The sentences below a table on a page."""
    return [f"- {markdown_text(note)}" for note in notes]


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Comma-separated values with a header; an apostrophe marks text that a spreadsheet would take for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in (head, *rows))
    return out.getvalue()


def guarded(text: str) -> str:
    """The text on one line, with an apostrophe before it, or behind a `;` in it, where a spreadsheet would see a formula."""
    if NUMBER.fullmatch(text):
        return text
    shown = BEHIND_A_SEPARATOR.sub(r"\1'", plain(text))
    return f"'{shown}" if FORMULA.match(text.lstrip()) else shown
