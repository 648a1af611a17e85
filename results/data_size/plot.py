"""A drawing of curves over the number of training images: one panel for each target, and below it where advantages end."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.data_size.curves import DataSizes, SizeCurve
from results.data_size.words import number
from results.metrics import written
from results.text.drawing import ACCENT, GRID, INK, PAPER, SOFT, label, labels, save, title_lines

DPI = 130
PANEL = (3.9, 4.2)  # inches of one panel
MOST = 4  # panels beside each other
WIDTH = 40  # characters of the title for each panel
APART = 1.03  # factor between two sources at one number, so that their intervals do not hide each other
MARKS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def sources_of(curves: DataSizes) -> list[str]:
    """The sources of all panels, each once; the number of a source is in the ids of what is drawn of it."""
    return list(dict.fromkeys(each.source for every in curves.targets.values() for each in every))


def draw_curves(curves: DataSizes, path: Path, *, narrow: bool = False) -> None:
    """Write a PNG, SVG or PDF, by the ending of `path`.

    A curve differs from another in colour, mark and dash, and has its name at its end; the paper is white on any page. The bars
    below a panel are the intervals of the numbers of images at which advantages over the baseline become nil. `narrow`: the
    panels are below each other, without a title.
    """
    targets = list(curves.targets)
    wide = 1 if narrow else min(len(targets), MOST)
    high = -(-len(targets) // wide)
    figure = Figure(figsize=(PANEL[0] * wide + 0.4, PANEL[1] * high + 0.4), layout="constrained")
    grid = figure.subplots(2 * high, wide, squeeze=False, height_ratios=[4, 1] * high)
    for place, target in enumerate(targets):
        row, column = divmod(place, wide)
        _panel(grid[2 * row][column], curves, target, path, first=column == 0)
        _crossings(grid[2 * row + 1][column], curves, target, path, first=column == 0)
    for place in range(len(targets), wide * high):
        row, column = divmod(place, wide)
        for axis in (grid[2 * row][column], grid[2 * row + 1][column]):
            axis.axis("off")
    if narrow:
        save(figure, path, DPI)
        return
    title = f"{curves.experiment}: test {written(curves.metric)} by number of training images, mean and 95 % interval"
    lines = title_lines(title, max(WIDTH * wide, 60), path)
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=11, fontweight="bold", gid="title")
    save(figure, path, DPI)


def draw_target(axis: Axes, curves: DataSizes, target: str, path: Path) -> None:
    """Draw the curves of one target on axes of their own. `path` says by its ending which letters its format can show."""
    _panel(axis, curves, target, path, first=True)
    axis.tick_params(axis="x", labelbottom=True)
    axis.set_xlabel("training images")


def _panel(axis: Axes, curves: DataSizes, target: str, path: Path, *, first: bool) -> None:
    every, sources = curves.targets[target], sources_of(curves)
    for place, (curve, shown) in enumerate(zip(every, labels([each.source for each in every], path), strict=True)):
        colour, style = _style(place, curve)
        shift = APART ** (place - (len(every) - 1) / 2)
        images, of = [point.images * shift for point in curve.points], f"source {sources.index(curve.source)}"
        for at, point in zip(images, curve.points, strict=True):
            if point.low is not None and point.high is not None:
                axis.plot([at, at], [point.low, point.high], color=colour, linewidth=1.2, alpha=0.55)
        axis.plot(
            images,
            [point.mean for point in curve.points],
            color=colour,
            linewidth=1.7,
            markersize=5,
            gid=f"{of} curve",
            **style,
        )
        axis.annotate(
            shown, (images[-1], curve.points[-1].mean), (7, _nudge(every, place)), textcoords="offset points", color=colour,
            fontsize=8.5, va="center", annotation_clip=False, gid=f"{of} name",
        )  # fmt: skip
    axis.set_title(label(target, path), loc="left", fontsize=10.5, fontweight="bold")
    if first:
        axis.set_ylabel(label(f"test {written(curves.metric)}", path, 60))
    _log_axis(axis, every)
    axis.tick_params(axis="x", labelbottom=False)
    axis.grid(color=GRID)
    _plain(axis)


def _nudge(every: Sequence[SizeCurve], place: int) -> float:
    """How many points the name of a curve is moved up, so that names of curves that end near each other can be read."""
    ends = [curve.points[-1].mean for curve in every]
    spread = max(max(point.mean for point in curve.points) for curve in every) - min(
        min(point.mean for point in curve.points) for curve in every
    )
    order = sorted(range(len(every)), key=lambda each: ends[each])
    height, lift = 150.0, [0.0] * len(every)  # points of a panel
    for below, above in pairwise(order):
        gap = (ends[above] - ends[below]) / (spread or 1) * height + lift[above] - lift[below]
        lift[above] += max(0.0, 10.0 - gap)
    middle = sum(lift) / len(lift)
    return lift[place] - middle


def _crossings(axis: Axes, curves: DataSizes, target: str, path: Path, *, first: bool) -> None:
    """The interval of each crossing, with an arrow where it is open."""
    every = curves.targets[target]
    rows = [(place, curve) for place, curve in enumerate(every) if not curve.is_baseline]
    images = [point.images for curve in every for point in curve.points]
    least, most = min(images), max(images)
    for y, (place, curve) in enumerate(rows):
        found, (colour, style) = curve.crossing, _style(place, curve)
        if found is None or not found.known:
            continue
        low, high = max(found.low, least), min(found.high, most)
        axis.plot([low, high], [y, y], color=colour, linewidth=2, solid_capstyle="butt", linestyle="-")
        for open_end, at, mark in ((found.low < least, least, "<"), (found.high > most, most, ">")):
            if open_end:
                axis.plot(at, y, mark, color=colour, markersize=6)
        if math.isfinite(found.place):
            axis.plot(found.place, y, style["marker"], color=colour, markerfacecolor=PAPER, markersize=6)
    _log_axis(axis, every)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_yticks(range(len(rows)), labels([curve.source for _, curve in rows], path) if first else [""] * len(rows))
    axis.set_xlabel(label(f"training images; bars: where the advantage over {curves.baseline} ends", path, 80), fontsize=8.5)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color=GRID)
    _plain(axis)
    axis.spines["left"].set_visible(False)


def _log_axis(axis: Axes, every: Sequence[SizeCurve]) -> None:
    ticks = sorted({point.images for curve in every for point in curve.points})
    axis.set_xscale("log")
    axis.set_xlim(ticks[0] / 1.15, ticks[-1] * 1.15)
    axis.set_xticks(ticks, [number(tick) for tick in ticks], fontsize=8.5)
    axis.minorticks_off()


def _plain(axis: Axes) -> None:
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def _style(place: int, curve: SizeCurve) -> tuple[str, dict[str, Any]]:
    """Colour, and mark and dash. The baseline, which comes last, is grey and dashed."""
    if curve.is_baseline:
        return SOFT, {"linestyle": "--", "marker": "x"}
    colour = ACCENT if place % 2 == 0 else INK
    return colour, {"linestyle": DASHES[(place // 2) % len(DASHES)], "marker": MARKS[place % len(MARKS)]}
