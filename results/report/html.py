"""What a page of a report is made of: sections of charts, tables and pictures. Plain data; results.report.render writes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANY, CROWD = 8, 12  # columns of a table


@dataclass(frozen=True)
class Chart:
    """A drawing.

    Attributes:
        name: of its files. title: what is seen. text: the same for those who do not see it.
        draw: writes a PNG or an SVG, by the ending of the path.
        inline: whether the page shows it; a table may show the same there.
        wide: whether it takes the whole width of the page; others are drawn side by side.
        sources: the sources whose marks bear ids "source NUMBER ...", by which the page highlights and hides them.
        narrow: draws the same for a narrow window, in which letters of the other drawing would be too small to read.
    """

    name: str
    title: str
    text: str
    draw: Callable[[Path], None]
    inline: bool = True
    wide: bool = True
    sources: Sequence[str] = ()
    narrow: Callable[[Path], None] | None = None


@dataclass(frozen=True)
class Mark:
    """A value with its interval, if it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Plot:
    """Marks on one axis, a row of a table each: the cells of a column as a forest plot.

    Attributes:
        marks: None where a row has no value. low, high: ends of the axis. ticks: (place, text). label: what the axis shows.
    """

    marks: Sequence[Mark | None]
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    label: str

    def at(self, value: float) -> str:
        """The place of a value, in percent of the width."""
        return f"{100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0):.4g}%"


@dataclass(frozen=True)
class Table:
    """Cells as text.

    Attributes:
        left: the columns of words. best: the rows that cannot be told apart from the best.
        tips: column → what it holds, for columns that results.report.heads does not explain, or explains otherwise.
        plots: column → what the page draws in front of the text of its cells.
        ties: the tie group of each row; empty where the rows have none.
        inline: whether the page shows it; else it is written to files alone.
        folded: whether the page shows it only when its caption is selected, as it does with the figures of a drawing.
        paper: its caption in a paper, where that of the page speaks of dots or of options; else empty.
    """

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[str] = frozenset()
    best: frozenset[int] = frozenset()
    tips: Mapping[str, str] = field(default_factory=dict)
    plots: Mapping[str, Plot] = field(default_factory=dict)
    ties: Sequence[int | None] = ()
    inline: bool = True
    folded: bool = False
    paper: str = ""

    @property
    def tight(self) -> bool:
        """Whether it has so many columns that figures and their intervals are below each other."""
        return len(self.head) > MANY

    @property
    def crowded(self) -> bool:
        """Whether it has so many columns that their heads are written upwards."""
        return len(self.head) > CROWD

    def widest(self, column: str) -> int:
        """The number of characters of the longest line of a column of figures."""
        place = list(self.head).index(column)
        cells = [row[place] for row in self.rows]
        lines = [line for cell in cells for line in cell.replace(" (", "\n(", 1).split("\n")] if self.tight else cells
        return max(map(len, lines), default=0)


@dataclass(frozen=True)
class Shade:
    """One cell of a heat map.

    Attributes:
        depth: 0 worst to 1 best, None where nothing was measured. top: whether it cannot be told apart from the best.
        tie: its tie group.
    """

    text: str
    tip: str
    depth: float | None = None
    top: bool = False
    tie: int | None = None


@dataclass(frozen=True)
class Heat:
    """A heat map as a table: `rows` are (name, cells). `scale`: (depth, text) of the key of its colours, in `unit`."""

    caption: str
    corner: str
    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Shade]]]
    scale: Sequence[tuple[float, str]] = ()
    unit: str = ""


@dataclass(frozen=True)
class Picture:
    """A PNG file that the page holds. `text`: for those who do not see it."""

    title: str
    text: str
    content: bytes


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        left_out: a sentence that says why the part is empty; the page lists these sentences at its end.
        notes_last: whether the notes come after the parts.
        code: text for a program, such as BibTeX or YAML, shown as it is and to be copied.
        others: metric, as people write it → the same part by that metric.
    """

    id: str
    title: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    heat: Heat | None = None
    left_out: str | None = None
    parts: "Sequence[Section]" = ()
    pictures: Sequence[Picture] = ()
    notes_last: bool = False
    others: "Mapping[str, Section]" = field(default_factory=dict)
    code: str = ""

    @property
    def filled(self) -> bool:
        """Whether it has anything to show but the reasons why its parts are empty."""
        own = self.charts or self.tables or self.heat or self.pictures or self.code
        if self.left_out or own or not self.parts:
            return not self.left_out
        return any(part.filled for part in self.parts)

    def all_charts(self) -> list[Chart]:
        """Its own, then those of its parts."""
        return [*self.charts, *(chart for part in self.parts for chart in part.all_charts())]

    def all_tables(self) -> list[Table]:
        """Its own, then those of its parts."""
        return [*self.tables, *(table for part in self.parts for table in part.all_tables())]


@dataclass(frozen=True)
class Figure:
    """One of the key figures at the top of a page. `about`: what the figure counts."""

    name: str
    value: str
    about: str


@dataclass(frozen=True)
class Page:
    """The whole report.

    Attributes:
        cells: the data of the browser of cells (results.report.attempts.Cells.to_dict), or None.
        verdict: the answer, in sentences. figures: the key figures.
        sources: the sources that the page can hide and highlight. metric: that of the sections, as people write it.
    """

    title: str
    lead: str
    sections: Sequence[Section]
    cells: Mapping[str, Any] | None = None
    cell_notes: Sequence[str] = ()
    verdict: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    sources: Sequence[str] = ()
    metric: str = ""

    def metrics(self) -> list[str]:
        """The metrics among which a reader can switch; the first one is shown first."""
        others = dict.fromkeys(name for section in self.sections for name in section.others)
        return [self.metric, *others] if others else []
