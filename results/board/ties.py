"""Tie groups that jump: a source that cannot be told apart from the best one, although a source between them can.

Groups are made by tests of differences, not by ranks. A source whose mean is known less exactly may lie further away from
the best one and yet not be told apart from it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from results.board.ranking import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BESIDE, STEP = 1.03, 0.045  # where the first bar is drawn, and how far the next one from it, in widths of the axis


def tested(rows: Sequence[Row], noise: float | None) -> bool:
    """Whether any two sources of a target were compared by a test. Where none were, every source has tie 1."""
    return bool(noise) or sum(row.seeds > 1 for row in rows) > 1


def why_untested(rows: Sequence[Row]) -> str:
    """Why no source of a target was tested."""
    single = all(row.seeds < 2 for row in rows)
    return "every source has one seed" if single else "a test takes two sources with at least two seeds each"


def jumps(ties: Sequence[int]) -> bool:
    """Whether the tie groups of sources, best first, do not lie one after the other."""
    return list(ties) != sorted(ties)


def jump_notes(targets: Mapping[str, Sequence[Row]]) -> list[str]:
    """One sentence for each target on which a tie group jumps over a source."""
    return [_sentence(target, rows) for target, rows in targets.items() if jumps([row.tie for row in rows])]


def _sentence(target: str, rows: Sequence[Row]) -> str:
    late = next(row for i, row in enumerate(rows) if any(other.tie > row.tie for other in rows[:i]))
    over = [row.source for row in rows[: late.rank - 1] if row.tie > late.tie]
    first = next(row.source for row in rows if row.tie == late.tie)
    others = sum(any(other.tie > row.tie for other in rows[:i]) for i, row in enumerate(rows)) - 1
    more = f", and {others} more likewise" if others else ""
    return (
        f"{target}: tie {late.tie} jumps over {', '.join(over)}, and this is no mistake: {late.source} (rank {late.rank}) is "
        f"further from {first}, yet cannot be told apart from it, because its mean is known less exactly{more}"
    )


def mark_jumps(axis: "Axes", ties: Sequence[int], places: Sequence[float]) -> None:
    """Draw a bar beside the axis for each tie group, with a dot at each of its sources, if a group jumps over a source.

    ties: of the sources, best first; places: their positions on the y axis.
    """
    if not jumps(ties):
        return
    across = axis.get_yaxis_transform()  # x in widths of the axis, y in data
    for number, tie in enumerate(sorted(set(ties))):
        own = [place for place, other in zip(places, ties, strict=True) if other == tie]
        x = BESIDE + STEP * number
        axis.plot([x, x], [min(own), max(own)], color="#8a8f98", linewidth=1.5, transform=across, clip_on=False)
        axis.plot([x] * len(own), own, "o", color="#8a8f98", markersize=4, transform=across, clip_on=False)
        axis.text(
            x, min(places) - 0.45, str(tie), ha="center", va="bottom", fontsize=8, transform=across, gid=f"tie {tie} jumps"
        )  # fmt: skip
    axis.text(
        BESIDE + STEP * (len(set(ties)) - 1) / 2, max(places) + 0.45, "tie", ha="center", va="top", fontsize=8,
        transform=across,
    )  # fmt: skip
