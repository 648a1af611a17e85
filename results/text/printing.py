"""What every result that a command prints can do, and the forms that these results share: terminal, Markdown, CSV.

Names and sentences of other people become harmless here, once for each form, so that no caller has to think of it.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from results.text.plain import plain, shortened

FORMULA = re.compile(r"[=+\-@＝＋－＠]")
BEHIND_A_SEPARATOR = re.compile(r"(;\s*)(?=[=+@＝＋－＠]|-\D)")
DIGITS = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
SIGNED = rf"[+-]?(?:{DIGITS}|inf|nan)(?: ?%)?"
BEHIND = rf"(?: (?:[–±] {SIGNED}|{DIGITS}(?: ?%)?|[^\W\d_]+))"
FIGURE = re.compile(rf"{SIGNED}(?:{BEHIND}| ?\({SIGNED}{BEHIND}*\))*")  # -0.250 (-0.500 – 0.100), -0.5 %: nothing to evaluate
MARKDOWN = re.compile(r"[\\`*<|$~]|^>|(?<!\w)_|_(?!\w)|\](?=[(\[:])|&(?=#?\w+;)|!(?=\[)")
LONGEST_CELL, LONGEST_TITLE = 500, 1000  # characters on the terminal; more would be pages
REGRET_DIGITS = 4  # of a regret, wherever it is written
FRAME = 3  # characters that a table needs for each column beside its content
LEAST_KEY = 24  # characters of a column of words that names the rows: the name of a measure or a source is on one line
LONGEST_WORD = 30  # characters of a word that is never broken; a path or an address may be longer
LEAST_WORD = 12  # columns of words; narrower ones would show one syllable in each line


class Printable(Protocol):
    """A result in four forms."""

    @property
    def sentences(self) -> Sequence[str]:
        """What the result says in sentences; CSV has no place for them."""
        ...

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
    """A table that never cuts a figure: columns for which the terminal has no room go into further tables below the first one.

    Columns in `left` hold words, which are wrapped; all others hold figures. The first `keys` columns name a row, and every
    part shows them. A single figure that is wider than the terminal goes beyond it.
    """

    def __init__(self, title: str | None, head: Sequence[str], left: Collection[str] = (), keys: int = 1) -> None:
        self.title = None if title is None else shortened(plain(title), LONGEST_TITLE)
        self.head = [shortened(plain(name), LONGEST_CELL) for name in head]
        self.words = [name in left for name in head]
        self.keys = keys
        self.rows: list[tuple[list[str], str]] = []

    def add_row(self, *cells: str, style: str = "") -> None:
        """Add a line of cells; they are text, no markup."""
        self.rows.append(([shortened(plain(cell), LONGEST_CELL) for cell in cells], style))

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        """The least and the greatest width, without a bound."""
        least, natural = self._least(), self._natural()
        keys = sum(width + FRAME for width in least[: self.keys])
        widest = max((width + FRAME for width in least[self.keys :]), default=0)
        return Measurement(keys + widest + 1, sum(width + FRAME for width in natural) + 1)

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The table in the width of the console, in as many parts as that takes."""
        title = None if self.title is None else Text(self.title, "bold")
        for columns in self.parts(options.max_width):
            yield self._part(title, columns, options.max_width)
            title = None

    def parts(self, width: int) -> Iterator[list[int]]:
        """The numbers of the columns of each part, so that it is no wider than `width` wherever that is possible."""
        least, keys, part = self._least(), list(range(self.keys)), list[int]()
        for number in range(self.keys, len(self.head)):
            if part and 1 + sum(least[column] + FRAME for column in (*keys, *part, number)) > width:
                yield [*keys, *part]
                part = []
            part.append(number)
        yield [*keys, *part]

    def _part(self, title: Text | None, columns: Sequence[int], width: int) -> Table:
        frame = FRAME * len(columns) + 1
        widths = self._fitted(columns, width - frame)
        table = Table(title=title, title_justify="left", width=sum(widths) + frame)
        for number, room in zip(columns, widths, strict=True):
            justify: Literal["left", "right"] = "left" if self.words[number] else "right"
            table.add_column(Text(self.head[number]), justify=justify, width=room, overflow="fold")
        for cells, style in self.rows:
            table.add_row(*(Text(cells[number]) for number in columns), style=style)
        return table

    def _fitted(self, columns: Sequence[int], room: int) -> list[int]:
        """The width of each column: the widest ones that may shrink do so first."""
        least, natural = ([widths[number] for number in columns] for widths in (self._least(), self._natural()))
        widths = [max(min(width, room), end) for width, end in zip(natural, least, strict=True)]
        while sum(widths) > room and widths != least:
            widest = max(width for width, end in zip(widths, least, strict=True) if width > end)
            number = next(i for i, width in enumerate(widths) if width == widest and width > least[i])
            widths[number] -= 1
        return widths

    def _natural(self) -> list[int]:
        return [max(map(cell_len, column)) for column in self._columns()]

    def _least(self) -> list[int]:
        """The width below which a column would break a figure or a word, or would have one syllable in each line."""
        least = [LEAST_KEY if number < self.keys else LEAST_WORD for number in range(len(self.head))]
        columns = zip(self._natural(), least, self.words, self._columns(), strict=True)
        return [min(max(end, longest_word(cells)), width) if words else width for width, end, words, cells in columns]

    def _columns(self) -> list[list[str]]:
        return [[name, *(cells[i] for cells, _ in self.rows)] for i, name in enumerate(self.head)]


def terminal_table(
    title: str | None, head: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[str] = (), keys: int = 1
) -> TerminalTable:
    """A table with its lines; `left` and `keys` as in TerminalTable."""
    table = TerminalTable(title, head, left, keys)
    for row in rows:
        table.add_row(*row)
    return table


def longest_word(cells: Iterable[str]) -> int:
    """The width of the longest word of a column, as long as a name may be that is never broken."""
    return min(max((cell_len(word) for cell in cells for word in cell.split()), default=0), LONGEST_WORD)


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


def markdown_section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[str] = ()) -> list[str]:
    """The lines of a table below its title, and an empty line behind it."""
    return [f"**{markdown_text(title)}**", "", *markdown_table(head, rows, left), ""]


def markdown_notes(notes: Iterable[str]) -> list[str]:
    """The sentences below a table on a page."""
    return [f"- {markdown_text(note)}" for note in notes]


def figure_text(value: float | None, low: float | None, high: float | None, digits: int) -> str:
    """A figure with its interval in brackets; a dash where it is not known."""
    if value is None:
        return "–"
    # z: no minus in front of what is written as zero
    ends = "" if low is None or high is None else f" ({low:z.{digits}f} – {high:z.{digits}f})"
    return f"{value:z.{digits}f}{ends}"


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Comma-separated values with a header; an apostrophe marks text that a spreadsheet would take for a formula."""
    return csv_lines((head, *rows))


def csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as `csv_text` writes them, without a header: the next lines of a file that is written piece by piece."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue()


def guarded(text: str) -> str:
    """The text on one line, with an apostrophe before it, or behind a `;` in it, where a spreadsheet would see a formula."""
    if FIGURE.fullmatch(text):
        return plain(text)
    shown = BEHIND_A_SEPARATOR.sub(r"\1'", plain(text))
    return f"'{shown}" if FORMULA.match(text.lstrip()) else shown
