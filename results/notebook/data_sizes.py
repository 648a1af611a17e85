"""Curves over the number of training images in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from results.data_size.curves import DataSizes
from results.data_size.text import WORDS, CurveText
from results.data_size.words import number
from results.error import CatsError, nearest
from results.metrics import written
from results.notebook.board import floats
from results.notebook.drawn import PNG, Dot, Dots
from results.notebook.result import Result, Sheet, in_python, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (5.2, 4.2)  # inches of the drawing of one target


@dataclass(frozen=True, eq=False, repr=False)
class DataSizeCurves(Result):
    """Up to how many training images each source helps.

    Attributes:
        frame: one row for each target, source and number of training images.
        made: the same as an object of results.data_size.curves.DataSizes.
    """

    made: DataSizes = field(kw_only=True)

    def plot(self, ax: "Axes | None" = None, target: str | None = None) -> "Axes":
        """Draw the mean of each source at each number of training images, with its interval; returns the axes.

        Args:
            ax: axes of matplotlib to draw on; None draws on axes of a new figure.
            target: name of a target; None draws the first one.

        Raises:
            CatsError: there is no such target.
        """
        from results.data_size.plot import draw_target

        known = self.made.targets
        if target is not None and target not in known:
            raise CatsError(f"the curves have no target '{target}'{nearest(target, known)}")
        axes = new_axes(SIZE) if ax is None else ax
        draw_target(axes, self.made, next(iter(known)) if target is None else target, PNG)
        return axes


def curve_result(made: DataSizes, said: Sequence[str] = ()) -> DataSizeCurves:
    """Curves for a notebook. `said`: sentences beside those of the curves."""
    text = CurveText(made)
    frame = floats(pd.DataFrame(text.lines, columns=text.columns))
    sheets = [
        Sheet(text.title(target), text.head, text.rows(target), frozenset(WORDS), folded=place > 0)
        for place, target in enumerate(made.targets)
    ]
    title = f"{made.experiment}: test {written(made.metric)} by number of training images"
    notes = [in_python(each) for each in (*text.notes, *said)]
    return DataSizeCurves(title, frame, notes, sheets, _advantages(made), made=made)


def _advantages(made: DataSizes) -> Dots | None:
    """By how much each source is better than the baseline on the first target; blue where its interval lies above nil."""
    target, every = next(iter(made.targets.items()))
    dots = [
        Dot(
            f"{curve.source}, {number(point.images)} images",
            point.advantage,
            point.advantage_low,
            point.advantage_high,
            point.advantage_low is not None and point.advantage_low > 0,
        )
        for curve in every
        for point in curve.points
        if point.advantage is not None
    ]
    return Dots(f"{target}: ahead of {made.baseline}, with 95 % interval", dots) if dots else None
