"""A board in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import pandas as pd

from results.board import board as boards
from results.board.columns import OVERALL_COLUMNS, ROW_COLUMNS, WORDS, Column, Entry, cells, headings
from results.board.ranking import Overall, Row
from results.board.text import legend, overall_title
from results.error import CatsError, nearest
from results.notebook.drawn import Dot, Dots
from results.notebook.result import Result, Sheet, in_python, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRENGTH = "strength (Plackett-Luce), higher is better, with 95 % interval"
RANKS = "mean rank, 1 is best, with 95 % interval"


@dataclass(frozen=True, eq=False, repr=False)
class Board(Result):
    """Which source wins on each target, and how sure that is.

    Attributes:
        frame: one row for each target and source, best first: target, source, mean, low, high, rank, tie, seeds, energy_kwh,
            rank_low, rank_high, p_best, rule.
        overall: one row for each source over all targets, best first, with the fields of results.board.ranking.Overall.
        board: the same as an object of results.board.board.Board.
    """

    overall: pd.DataFrame = field(kw_only=True)
    board: boards.Board = field(kw_only=True)

    def verdict(self, target: str) -> str:
        """Which source wins on a target, as a sentence. Raises CatsError for a target that the board does not have."""
        return in_python(self.board.verdict(self._known(target)))

    def plot(self, ax: "Axes | None" = None, target: str | None = None) -> "Axes":
        """Draw the means of one target with their intervals, or the mean ranks over all targets; returns the axes.

        Blue figures cannot be told apart from the best one.

        Args:
            ax: axes of matplotlib to draw on; None draws on axes of a new figure.
            target: name of a target; None draws the mean ranks, or the only target that there is.

        Raises:
            CatsError: there is no such target, or nothing to draw.
        """
        if target is None:
            return super().plot(ax)
        drawing = dots_of_target(self.board, self._known(target))
        axes = new_axes(drawing.size) if ax is None else ax
        drawing.draw(axes)
        return axes

    def _known(self, target: str) -> str:
        if target not in self.board.targets:
            raise CatsError(f"the board has no target '{target}'{nearest(target, self.board.targets)}")
        return target


def board_result(made: boards.Board, said: Sequence[str] = ()) -> Board:
    """A board for a notebook. `said`: sentences beside those of the board."""
    rows = [{"target": target, **vars(row)} for target, listed in made.targets.items() for row in listed]
    frame = floats(pd.DataFrame(rows, columns=["target", *[each.name for each in fields(Row)]])).assign(rule=made.rule)
    title = f"{made.experiment}: test {made.metric}"
    return Board(
        title,
        frame,
        [in_python(each) for each in (*said, *legend(made))],
        _sheets(made),
        drawing_of(made),
        overall=overall_frame(made),
        board=made,
    )


def overall_frame(made: boards.Board) -> pd.DataFrame:
    """The sources over all targets, best first; what is not known is NaN."""
    return floats(pd.DataFrame([vars(row) for row in made.overall], columns=[each.name for each in fields(Overall)]))


def floats(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with NaN for None in columns of numbers, which stay columns of numbers so."""
    numbers = [name for name in map(str, frame) if frame[name].map(lambda each: each is None or _is_number(each)).all()]
    return frame.astype({name: float for name in numbers if frame[name].dtype == object})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def drawing_of(made: boards.Board) -> Dots | None:
    """The means of the only target; of several the mean ranks, or where no target has all sources, the strengths."""
    if len(made.targets) == 1:
        return dots_of_target(made, next(iter(made.targets)))
    dots = [
        Dot(row.source, row.mean_rank, row.low, row.high, row.tie == 1) for row in made.overall if row.mean_rank is not None
    ]
    if dots:
        return Dots(RANKS, dots)
    strong = [
        Dot(row.source, row.strength, row.strength_low, row.strength_high) for row in made.overall if row.strength is not None
    ]
    return Dots(STRENGTH, sorted(strong, key=lambda dot: -dot.value)) if strong else None


def dots_of_target(made: boards.Board, target: str) -> Dots:
    """The means of the sources of a target."""
    dots = [Dot(row.source, row.mean, row.low, row.high, row.tie == 1) for row in made.targets[target]]
    return Dots(f"{target}: mean {made.metric.replace('_', ' ')} with 95 % interval", dots)


def sheets_of(made: boards.Board, rows: Sequence[Column[Row]], overall: Sequence[Column[Overall]]) -> list[Sheet]:
    """The tables of a board with these columns: over targets where there are several, then each target."""
    several = len(made.targets) > 1
    over = [_sheet(overall_title(made), overall, made.overall)] if several and made.overall else []
    return over + [
        _sheet(in_python(f"{target}: {made.verdict(target)}"), rows, listed, folded=several)
        for target, listed in made.targets.items()
    ]


def _sheets(made: boards.Board) -> list[Sheet]:
    return sheets_of(made, ROW_COLUMNS, OVERALL_COLUMNS)


def _sheet(title: str, columns: Sequence[Column[Entry]], entries: Sequence[Entry], *, folded: bool = False) -> Sheet:
    best = frozenset(number for number, entry in enumerate(entries) if getattr(entry, "tie", None) == 1)
    return Sheet(title, headings(columns), [cells(columns, entry) for entry in entries], WORDS, best, folded)
