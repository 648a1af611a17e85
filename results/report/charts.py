"""Charts of a report, written as PNG, SVG or PDF by the ending of the path, in a few colours that a page can replace."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.board.ties import mark_jumps
from results.cost.paid_plot import Paid, axis_words, height_for, plot_paid
from results.evaluation.decision_curve import DecisionCurve
from results.evaluation.reliability import Bin
from results.text.drawing import ACCENT, GRID, INK, PAPER, SOFT, labels, save, title_lines
from results.text.drawing import label as drawn_label
from results.text.units import EnergyUnit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 160
MOST = 40  # rows of one drawing: more cannot be read
LONGEST_LABEL = 120  # characters beside an axis
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKS = ("o", "s", "^", "D", "v", "P", "X")


@dataclass(frozen=True)
class IntervalPoint:
    """A point with its interval. `strong`: drawn filled and dark; else hollow and grey. `tie`: its tie group, if it has one."""

    name: str
    value: float
    low: float | None
    high: float | None
    strong: bool = True
    tie: int | None = None


def draw_intervals(rows: Sequence[IntervalPoint], title: str, label: str, path: Path) -> None:
    """One line for each point, the best on top: a dot and its interval. Only the first MOST points are drawn.

    Where a tie group jumps over a point, bars beside the drawing join the points of each group.
    """
    rows = rows[:MOST]
    figure, axis = _figure((7.2, 1.25 + 0.27 * len(rows)), title, path)
    for y, row in enumerate(rows):
        colour = ACCENT if row.strong else SOFT
        if row.low is not None and row.high is not None:
            axis.plot([row.low, row.high], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
        axis.plot(row.value, y, "o", color=colour, markerfacecolor=colour if row.strong else PAPER, markersize=6.5)
    mark_jumps(axis, [row.tie for row in rows if row.tie is not None], range(len(rows)))
    axis.set_yticks(range(len(rows)), labels([row.name for row in rows], path))
    axis.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x", color=GRID)
    axis.set_xlabel(drawn_label(label, path, LONGEST_LABEL))
    save(figure, path, DPI)


def draw_heat(
    names: Sequence[str], head: Sequence[str], cells: Sequence[Sequence[tuple[str, float | None, bool]]], title: str, path: Path
) -> None:
    """cells[row][column] = (text, depth from 0 worst to 1 best or None, not told from the best)."""
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    names, cells = names[:MOST], cells[:MOST]
    figure, axis = _figure((max(4.5, 2.0 + 0.95 * len(head)), 1.4 + 0.3 * len(names)), title, path)
    scale = mpl.colormaps["cividis"]
    for y, row in enumerate(cells):
        for x, (text, depth, top) in enumerate(row):
            colour = PAPER if depth is None else scale(0.15 + 0.85 * depth)
            axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor=PAPER))
            ink = INK if depth is None or depth > 0.45 else PAPER
            axis.text(x, y, f"{text} •" if top else text, ha="center", va="center", color=ink, fontsize=9)
    axis.set_xlim(-0.5, len(head) - 0.5)
    axis.set_ylim(len(names) - 0.5, -0.5)
    above = labels(head, path)
    turned = max(map(len, above), default=0) > 11
    axis.set_xticks(range(len(head)), above, rotation=30 if turned else 0, ha="right" if turned else "center")
    axis.set_yticks(range(len(names)), labels(names, path))
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    save(figure, path, DPI)


def draw_curves(
    curves: Mapping[str, Sequence[float]], epochs: Mapping[str, Sequence[int]], title: str, label: str, path: Path
) -> None:
    """One line for each name, against its epochs; the lines differ in colour, dash and mark."""
    figure, axis = _figure((7.2, 3.4), title, path)
    for number, ((name, values), shown) in enumerate(zip(curves.items(), labels(list(curves), path), strict=True)):
        style: dict[str, Any] = {"linestyle": DASHES[number % len(DASHES)], "marker": MARKS[number % len(MARKS)]}
        colour = ACCENT if number == 0 else SOFT if number == 1 else INK
        axis.plot(epochs[name], values, color=colour, linewidth=1.5, markersize=4, markevery=0.15, label=shown, **style)
    axis.set_xlabel("epoch")
    axis.set_ylabel(drawn_label(label, path, LONGEST_LABEL))
    axis.grid(color=GRID)
    axis.legend(frameon=False, fontsize=8).set_in_layout(False)  # many names would leave no room
    save(figure, path, DPI)


def draw_roc(rocs: Sequence[tuple[str, Sequence[float], Sequence[float]]], title: str, path: Path) -> None:
    """(name, false positive rate, true positive rate) for each class."""
    figure, axis = _figure((4.6, 4.6), title, path)
    axis.plot([0, 1], [0, 1], color=GRID, linewidth=1)
    names = labels([name for name, _, _ in rocs], path)
    for number, (name, (_, wrong, right)) in enumerate(zip(names, rocs, strict=True)):
        style: dict[str, Any] = {"linestyle": DASHES[number % len(DASHES)], "marker": MARKS[number % len(MARKS)]}
        axis.plot(
            wrong,
            right,
            color=ACCENT if number % 2 == 0 else INK,
            linewidth=1.3,
            markersize=4,
            markevery=0.2,
            label=name,
            **style,
        )
    axis.set_xlabel("false positive rate")
    axis.set_ylabel("true positive rate")
    axis.set_aspect("equal")
    axis.legend(frameon=False, fontsize=8, loc="lower right").set_in_layout(False)
    save(figure, path, DPI)


def draw_precision_recall(lines: Sequence[tuple[str, Sequence[float], Sequence[float]]], title: str, path: Path) -> None:
    """(name, recall, precision) for each class, recall descending; the precision of a recall holds down to the next one."""
    figure, axis = _figure((4.6, 4.6), title, path)
    names = labels([name for name, _, _ in lines], path)
    for number, (name, (_, recall, precision)) in enumerate(zip(names, lines, strict=True)):
        colour = ACCENT if number % 2 == 0 else INK
        style = DASHES[number % len(DASHES)]
        axis.plot(recall, precision, drawstyle="steps-post", color=colour, linestyle=style, linewidth=1.3, label=name)
    axis.set_xlim(-0.03, 1.03)
    axis.set_ylim(-0.03, 1.03)
    axis.set_xlabel("recall (sensitivity)")
    axis.set_ylabel("precision (positive predictive value)")
    axis.set_aspect("equal")
    axis.grid(color=GRID)
    axis.legend(frameon=False, fontsize=8, loc="lower left").set_in_layout(False)
    save(figure, path, DPI)


def draw_reliability(series: Sequence[tuple[str, Sequence[Bin]]], title: str, path: Path) -> None:
    """(name, bins) for each series: the share of right decisions against the confidence, with the interval of each bin."""
    figure, axis = _figure((4.6, 4.6), title, path)
    axis.plot([0, 1], [0, 1], color=GRID, linewidth=1)
    lowest = 1.0
    for number, ((_, bins), shown) in enumerate(zip(series, labels([name for name, _ in series], path), strict=True)):
        colour = ACCENT if number == 0 else INK
        for each in (one for one in bins if math.isfinite(one.right.low)):
            axis.plot([each.confidence] * 2, [each.right.low, each.right.high], color=colour, linewidth=1, alpha=0.6)
            lowest = min(lowest, each.right.low)
        style: dict[str, Any] = {"linestyle": DASHES[number % len(DASHES)], "marker": MARKS[number % len(MARKS)]}
        places, shares = [each.confidence for each in bins], [each.right.value for each in bins]
        axis.plot(places, shares, color=colour, linewidth=1.2, markersize=4.5, label=shown, **style)
        lowest = min([lowest, *places, *shares])
    axis.set_xlim(max(0.0, lowest - 0.03), 1.02)
    axis.set_ylim(max(0.0, lowest - 0.03), 1.02)
    axis.set_xlabel("confidence in the decision")
    axis.set_ylabel("share of right decisions, 95 % interval")
    axis.grid(color=GRID)
    axis.legend(frameon=False, fontsize=8, loc="upper left").set_in_layout(False)
    save(figure, path, DPI)


def draw_decision(curve: DecisionCurve, title: str, path: Path) -> None:
    """Net benefit of the network, of acting on everyone and on nobody, against the threshold."""
    figure, axis = _figure((4.6, 4.6), title, path)
    share = float(curve.everyone[0])
    axis.plot(curve.thresholds, curve.network, color=ACCENT, linewidth=1.6, label="act where the network says so")
    axis.plot(curve.thresholds, curve.everyone, color=INK, linestyle="--", linewidth=1.2, label="act on everyone")
    axis.axhline(0, color=SOFT, linestyle=":", linewidth=1.4, label="act on nobody")
    axis.set_ylim(-0.15 * share - 0.02, 1.15 * max(share, float(curve.network.max())) + 0.02)
    axis.set_xlabel("probability from which on a clinician would act")
    axis.set_ylabel("net benefit per image")
    axis.grid(color=GRID)
    axis.legend(frameon=False, fontsize=8, loc="upper right").set_in_layout(False)
    save(figure, path, DPI)


def draw_regret(points: Sequence[Paid], words: tuple[str, str], unit: EnergyUnit, path: Path, *, narrow: bool = False) -> None:
    """Regret against energy without intervals, see results.cost.paid_plot.plot_paid.

    `words`: the title, and the metric as people write it. `narrow`: the names are below the drawing, which has no title.
    """
    title, metric = words
    size = (4.2, 3.0 + height_for(points, 0.0)) if narrow else (8.4, height_for(points, 4.2))
    figure, axis = _figure(size, "" if narrow else title, path)
    drawn = [replace(point.in_unit(unit), low=None, high=None) for point in points]
    plot_paid(figure, axis, drawn, path, below=narrow)
    squares = "squares: constants, which look at no image of the target"
    scale = axis_words(drawn)
    spent = f"{unit.name} to choose{f', {scale}' if scale else ''}"
    axis.set_xlabel(spent if narrow else f"{spent}\n({squares})")
    axis.set_ylabel(drawn_label(f"regret in {metric}", path, LONGEST_LABEL))
    save(figure, path, DPI)


def draw_runs(
    runs: Mapping[str, Sequence[tuple[float, float]]],
    best: Sequence[tuple[float, float]],
    words: tuple[str, str, str],
    path: Path,
) -> None:
    """The runs of each source, (what was spent when it ended, validation loss), and the smallest loss so far.

    `words`: the title, what is spent, and what the other axis is.
    """
    title, spent, loss = words
    figure, axis = _figure((7.2, 3.6), title, path)
    axis.step([place for place, _ in best], [value for _, value in best], where="post", color=SOFT, linewidth=1.4)
    for number, ((_, points), shown) in enumerate(zip(runs.items(), labels(list(runs), path), strict=True)):
        colour = (ACCENT, INK, SOFT)[number % 3]
        places, values = [place for place, _ in points], [value for _, value in points]
        axis.plot(places, values, MARKS[number % len(MARKS)], color=colour, markersize=5.5, label=shown)
    axis.set_xlabel(drawn_label(spent, path, LONGEST_LABEL))
    axis.set_ylabel(drawn_label(loss, path, LONGEST_LABEL))
    axis.grid(color=GRID)
    axis.legend(frameon=False, fontsize=8).set_in_layout(False)
    save(figure, path, DPI)


def limited(title: str, count: int) -> str:
    """The title of a chart, with the number of rows if it shows only the first of them."""
    return title if count <= MOST else f"{title} (the first {MOST} of {count})"


def _figure(size: tuple[float, float], title: str, path: Path) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    lines = title_lines(title, max(30, int(size[0] * 12)), path)
    figure = Figure(figsize=(size[0], size[1] + 0.18 * (len(lines) - 1)), layout="constrained")
    # A page hides what has this id: it has the title in its own text, which wraps where a window is narrow.
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10, fontweight="bold", wrap=True, gid="title")
    axis = figure.subplots()
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    return figure, axis
