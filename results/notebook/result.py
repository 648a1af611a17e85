"""What every result of the module `catsbench` can do in a notebook: a frame of pandas, a table with a picture, and a plot."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from results.error import CatsError
from results.notebook.drawn import BEST, Dots, Lines
from results.text.plain import plain, plain_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)(?: (worst|median))?(?![\w-])")
MOST = 30  # rows of a table that a page shows; the frame has all
STYLE = (
    ".cats-result table{border-collapse:collapse;margin:.4em 0;font-size:13px}"
    ".cats-result th,.cats-result td{padding:2px 9px;text-align:right;white-space:nowrap}"
    ".cats-result .w{text-align:left}.cats-result thead th{border-bottom:1px solid currentColor}"
    f".cats-result tr.best td:first-child{{box-shadow:inset 3px 0 0 {BEST}}}.cats-result tr.best td{{font-weight:600}}"
    ".cats-result ul{margin:.4em 0;padding-left:1.3em;font-size:12px}.cats-result summary{cursor:pointer}"
)


@dataclass(frozen=True)
class Sheet:
    """A table as text.

    Attributes:
        title: the sentence above it.
        left: the columns of words. best: numbers of the rows that cannot be told apart from the best one.
        folded: whether a page shows the table only when its title is clicked.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[str] = frozenset()
    best: frozenset[int] = frozenset()
    folded: bool = False

    def html(self) -> str:
        """The table as HTML; texts of others are escaped."""
        head = "".join(f'<th{self._of_words(name)} scope="col">{_text(name)}</th>' for name in self.head)
        lines = []
        for number, row in enumerate(self.rows[:MOST]):
            cells = zip(self.head, row, strict=True)
            line = "".join(f"<td{self._of_words(name)}>{_text(cell)}</td>" for name, cell in cells)
            lines.append(f"<tr{' class=best' if number in self.best else ''}>{line}</tr>")
        left = len(self.rows) - MOST
        more = f"<div>{left} more {'row is' if left == 1 else 'rows are'} in .frame</div>" if left > 0 else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}"
        if self.folded:
            return f"<details><summary>{_text(self.title)}</summary>{table}</details>"
        return f"<div>{_text(self.title)}</div>{table}" if self.title else table

    def _of_words(self, name: str) -> str:
        return " class=w" if name in self.left else ""


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A result in a notebook.

    Attributes:
        title: what the result is, as one sentence.
        frame: the figures, one row each; docs/notebook.md lists the columns of each kind of result.
        notes: sentences on what the figures mean and what is missing.
        sheets: tables that a page shows. drawing: what `plot` draws; None where there is nothing to draw.
    """

    title: str
    frame: pd.DataFrame
    notes: Sequence[str] = ()
    sheets: Sequence[Sheet] = field(default=())
    drawing: Dots | Lines | None = None

    def to_frame(self) -> pd.DataFrame:
        """A copy of `frame`, which may be changed."""
        return self.frame.copy()

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the result and return the axes.

        Args:
            ax: axes of matplotlib to draw on; None draws on axes of a new figure.

        Raises:
            CatsError: the result has nothing to draw.
        """
        if self.drawing is None:
            raise CatsError(f"{self.title}: there is no figure to draw")
        axes = new_axes(self.drawing.size) if ax is None else ax
        self.drawing.draw(axes)
        return axes

    def __repr__(self) -> str:
        """The title and the frame as text."""
        return plain_lines(f"{self.title}\n{self.frame!r}")

    def _repr_html_(self) -> str:
        """The tables, one small picture and the notes, as a notebook shows the result; texts of others are escaped."""
        picture = self.drawing.svg() if isinstance(self.drawing, Dots) and self.drawing.dots else ""
        tables = [sheet.html() for sheet in self.sheets]
        notes = "".join(f"<li>{_text(note)}</li>" for note in self.notes)
        below = f"<details><summary>Notes</summary><ul>{notes}</ul></details>" if notes else ""
        first, rest = "".join(tables[:1]), "".join(tables[1:])
        title = f"<div><b>{_text(self.title)}</b></div>"
        return f'<div class="cats-result"><style>{STYLE}</style>{title}{first}{picture}{rest}{below}</div>'


def in_python(sentence: str) -> str:
    """A sentence of a command with its options written as the keywords of `catsbench`: --impute worst is impute="worst"."""
    return OPTION.sub(lambda found: f"{found[1].replace('-', '_')}=" + (f'"{found[2]}"' if found[2] else "..."), sentence)


def new_axes(size: tuple[float, float]) -> "Axes":
    """Axes of a new figure, `size` in inches."""
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def sheet_of(frame: pd.DataFrame, columns: Iterable[str], title: str = "") -> Sheet:
    """Columns of a frame as a table: numbers with four digits, a dash where a value is missing."""
    names = [name for name in columns if name in frame]
    shown = frame[names].head(MOST)
    rows = [[_cell(value) for value in row] for row in shown.itertuples(index=False)]
    rows += [[""] * len(names)] * max(len(frame) - MOST, 0)  # counted, not shown
    words = frozenset(name for name in names if not pd.api.types.is_numeric_dtype(frame[name]))
    return Sheet(title, names, rows, words)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _text(text: str) -> str:
    return escape(plain(text))
