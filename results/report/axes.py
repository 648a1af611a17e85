"""The axis of a forest plot: its ends and its ticks."""

import math
from collections.abc import Sequence

from results.report.html import Mark, Plot
from results.text.ticks import ticks

MOST = 6  # ticks
FEWER = ((3, MOST), (4, 4))  # characters of a tick → the number of ticks whose texts do not overlap on a narrow axis; else FEW
FEW = 3
ROOM = 0.03  # beside the outermost mark, as a part of the axis


def plot_of(
    marks: Sequence[Mark | None], label: str, least: float | None = None, most: float | None = None, *, cut: bool = False
) -> Plot | None:
    """Marks on an axis that holds them all; None without a mark, and where they are too far apart for an axis.

    least, most: values that the axis holds too. cut: the axis ends at `most`, and intervals may go on beyond that.
    """
    ends = [end for mark in marks if mark for end in (mark.value, mark.low, mark.high) if end is not None]
    if not ends:
        return None
    low = min([*ends, *([] if least is None else [least])])
    high = max([*ends, *([] if most is None else [most])])
    if cut and most:
        high = min(high, most)
    room = ROOM * (high - low) or 0.5 * abs(low) or 0.5
    if not math.isfinite(high + room - (low - room)):
        return None
    return Plot(marks, low - room, high + room, _apart(low, high), label)


def _apart(low: float, high: float) -> list[tuple[float, str]]:
    """As many ticks as a narrow axis has room for."""
    made = ticks(low, high, MOST)
    longest = max(len(text) for _, text in made)
    most = next((number for signs, number in FEWER if longest <= signs), FEW)
    return made[:: -(-len(made) // most)]
