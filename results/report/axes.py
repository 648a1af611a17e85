"""The axis of a forest plot: its ends and its ticks."""

import math
from collections.abc import Sequence

from results.report.html import Mark, Plot

MOST = 6  # ticks
FEWER = ((3, MOST), (4, 4))  # characters of a tick → the number of ticks whose texts do not overlap on a narrow axis; else FEW
FEW = 3
ROOM = 0.03  # beside the outermost mark, as a part of the axis


def plot_of(
    marks: Sequence[Mark | None], label: str, least: float | None = None, most: float | None = None, *, cut: bool = False
) -> Plot | None:
    """Marks on an axis that holds them all; None without a mark.

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
    return Plot(marks, low - room, high + room, _apart(low, high), label)


def _apart(low: float, high: float) -> list[tuple[float, str]]:
    """As many ticks as a narrow axis has room for."""
    made = ticks(low, high)
    longest = max(len(text) for _, text in made)
    most = next((number for signs, number in FEWER if longest <= signs), FEW)
    return made[:: -(-len(made) // most)]


def ticks(low: float, high: float, most: int = MOST) -> list[tuple[float, str]]:
    """At most `most` round numbers from `low` to `high`, with their texts; one where the ends are equal."""
    if high <= low:
        return [(low, f"{low:.4g}")]
    scale = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(factor * scale for factor in (1, 2, 5, 10, 20) if (high - low) / (factor * scale) <= most - 1 + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [(number * step, f"{number * step:z.{digits}f}") for number in numbers]
