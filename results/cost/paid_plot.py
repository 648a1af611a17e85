"""Ways of choosing drawn as regret against kWh: numbered dots, with the names beside the drawing, where none overlaps."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.cost.tables import without_energy
from results.cost.tradeoff import HABITS, Tradeoff
from results.text.drawing import ACCENT, GRID, INK, PAPER, SOFT, label
from results.text.units import EnergyUnit, three_digits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_LINE = 34  # characters of a line of the names beside the drawing
LINE = 0.165  # inches of a name beside the drawing
REACH = 4  # times the largest regret: an interval that is longer is cut there, and an arrow says so
MOST_TICKS = 6
NARROW = 10.0  # times the smallest cost: where the largest one is below, an axis from 0 needs no logarithm
NEAR = (11.0, 8.0)  # points, across and up: nearer dots share one text with their numbers
SIGN = (4.8, 9.0)  # points: width and height of a sign of such a text
PLACES = [
    (x, y) for y in (4.0, -4.0, 14.0, -14.0, 24.0, -24.0, 34.0, -34.0) for x in (6.0, -6.0)
]  # where the text of a dot may stand, in points


@dataclass(frozen=True)
class Paid:
    """A way to choose a source: what it cost, and how much of the metric its choice loses, with an interval.

    `kwh` is None where it is unknown; `known` is then what is known of it, and without that it cannot be drawn.
    `rough`: some of it may be counted more than once; else what is known is a lower bound. `constant`: it looks at no image of
    the target. `partial`: judged on fewer targets than the others, and so beside the front. `without`: number of attempts
    without an energy reading. `unit`: of the energies, see `in_unit`.
    """

    name: str
    kwh: float | None
    regret: float
    low: float | None
    high: float | None
    constant: bool = False
    known: float | None = None
    rough: bool = False
    partial: bool = False
    without: int = 0
    unit: str = "kWh"

    def in_unit(self, unit: EnergyUnit) -> "Paid":
        """The same with its energies in another unit than kWh."""
        kwh, known = (None if value is None else value * unit.per_kwh for value in (self.kwh, self.known))
        return replace(self, kwh=kwh, known=known, unit=unit.name)

    @property
    def place(self) -> float | None:
        """Its position on the axis of costs; the cost of a lower bound is open to the right."""
        return self.known if self.kwh is None else self.kwh

    @property
    def sign(self) -> str:
        """The sign before the number: ≈ for an estimate, ≥ for a lower bound."""
        return "≈ " if self.rough else "≥ " if self.kwh is None else ""

    @property
    def text(self) -> str:
        """What follows its name: the cost, if it is no plain number."""
        if not self.sign:
            return ""
        return f", {self.sign}{three_digits(self.place or 0.0)} {self.unit}{without_energy(self.without) if self.rough else ''}"


def paid_of(tradeoff: Tradeoff) -> list[Paid]:
    """The ways as they are drawn: a way that is judged on few targets says so in its name."""
    whole = tradeoff.targets
    return [
        Paid(
            way.name if way.targets == whole else f"{way.name} ({way.targets}/{whole})", way.kwh, way.regret, way.low, way.high,
            way.name in HABITS, way.known, way.rough, way.targets < whole, way.without,
        )
        for way in tradeoff.ways
    ]  # fmt: skip


def pareto(points: Sequence[Paid]) -> list[Paid]:
    """Those that no other one beats: cheapest first, each with less regret than all before. No unknown costs, no `partial`."""
    front: list[Paid] = []
    for point in sorted((p for p in points if p.kwh is not None and not p.partial), key=lambda p: (p.kwh or 0.0, p.regret)):
        if not front or point.regret < front[-1].regret:
            front.append(point)
    return front


def height_for(points: Sequence[Paid], least: float) -> float:
    """The height of a drawing in inches that has room for every name."""
    named = [f"00  {point.name}{point.text}" for point in points if point.place is not None]
    return max(least, 0.9 + LINE * sum(_in_lines(name).count("\n") + 1 for name in named))


def _in_lines(name: str) -> str:
    """A name of the legend in lines so short that the drawing keeps its width."""
    lines = textwrap.wrap(name, LONGEST_LINE, break_long_words=False, break_on_hyphens=False, subsequent_indent="     ")
    return "\n".join(lines)


def plot_paid(figure: "Figure", axis: "Axes", points: Sequence[Paid], path: Path, *, below: bool = False) -> None:
    """Draw the ways on `axis`, and their names beside it, or `below` it.

    A line joins the front of what nothing beats in both. Costs that differ much are on a logarithmic axis that begins with a
    linear piece for 0 kWh, see `axis_words`. A hollow mark with an arrow is a lower bound, because a part of the energy is
    missing; a hollow mark without one is approximate.
    """
    drawn = sorted((p for p in points if p.place is not None), key=lambda p: (p.place or 0.0, p.regret))
    small, most = _range(drawn)
    right = (2.5 if is_logarithmic(drawn) else 1.25) * most
    top, highest = (max(values, default=0.0) for values in ([p.regret for p in drawn], [p.high or p.regret for p in drawn]))
    ceiling = min(highest, REACH * top) if top else highest or 1.0
    if is_logarithmic(drawn):
        axis.set_xscale("symlog", linthresh=small, linscale=0.6)
        axis.set_xlim(-0.4 * small, right)
    else:
        axis.set_xlim(-0.05 * right, right)
    axis.set_ylim(-0.05 * ceiling, 1.06 * ceiling)
    for number, point in enumerate(drawn, 1):
        _dot(axis, point, _in_lines(f"{number}  {label(point.name, path)}{point.text}"), ceiling)
    for numbers, (x, y), (across, up) in _texts(figure, axis, drawn):
        axis.annotate(
            numbers, (x, y), (across, up), textcoords="offset points", fontsize=8, ha="left" if across > 0 else "right",
            va="bottom" if up > 0 else "top",
        )  # fmt: skip
    front = pareto(drawn)
    axis.plot(
        [p.kwh or 0.0 for p in front], [p.regret for p in front], color=INK, linewidth=1, linestyle="--", zorder=0,
        drawstyle="steps-post",
    )  # fmt: skip
    ticks = _ticks(small, right) if is_logarithmic(drawn) else _even_ticks(right)
    axis.set_xticks(ticks, [three_digits(tick) if tick >= 1 else f"{tick:.3g}" for tick in ticks])
    axis.minorticks_off()
    axis.grid(color=GRID)
    figure.legend(
        loc="outside lower left" if below else "outside right upper", frameon=False, fontsize=8, title="cheapest first",
        title_fontsize=8, labelspacing=0.25,
    )  # fmt: skip


def is_logarithmic(points: Sequence[Paid]) -> bool:
    """Whether the costs of these ways differ so much that they are drawn on a logarithmic axis."""
    small, most = _range(points)
    return most >= NARROW * small


def axis_words(points: Sequence[Paid]) -> str:
    """The words about the axis of costs, for its label: "logarithmic" with the cost from which on it is; else empty.

    The points must be in the unit of the axis.
    """
    return f"logarithmic from {three_digits(_range(points)[0])} on" if is_logarithmic(points) else ""


def _range(points: Sequence[Paid]) -> tuple[float, float]:
    """The smallest cost above 0 and the largest one; both 1 if there is none."""
    costs = [point.place for point in points if point.place]
    return (min(costs), max(costs)) if costs else (1.0, 1.0)


def _even_ticks(right: float) -> list[float]:
    """Round numbers at equal distances from 0 to the end of the axis."""
    step = 10.0 ** math.floor(math.log10(right))
    step = next(step * part for part in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if right / (step * part) < MOST_TICKS)
    return [step * i for i in range(int(right / step + 1e-9) + 1)]


def _dot(axis: "Axes", point: Paid, name: str, ceiling: float) -> None:
    kwh, colour = point.place or 0.0, SOFT if point.constant else ACCENT
    if point.low is not None and point.high is not None:
        axis.plot([kwh, kwh], [point.low, min(point.high, ceiling)], color=colour, linewidth=1, zorder=1)
        if point.high > ceiling:
            axis.plot([kwh], [ceiling], "^", color=colour, markersize=4, gid="the interval goes on")
    fill = PAPER if point.sign else colour
    axis.plot([kwh], [point.regret], "s" if point.constant else "o", color=colour, markerfacecolor=fill, label=name)
    if point.sign and not point.rough:
        arrow: dict[str, Any] = {"arrowstyle": "<-", "color": colour, "shrinkA": 0, "shrinkB": 5}
        axis.annotate(
            "", (kwh, point.regret), (28, 0), textcoords="offset points", arrowprops=arrow | {"gid": f"arrow of {point.name}"}
        )


def _ticks(small: float, right: float) -> list[float]:
    """0, and round numbers from the smallest cost on: one closer to 0 would hide it. As many as there is room for."""
    found: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        every = [step * 10.0**k for k in range(math.floor(math.log10(small)), math.ceil(math.log10(right))) for step in steps]
        found = [tick for tick in every if small * (1 - 1e-9) <= tick <= right]
        if len(found) <= MOST_TICKS:
            break
    return [0.0, *found[:: -(-len(found) // MOST_TICKS)]]


def _texts(
    figure: "Figure", axis: "Axes", points: Sequence[Paid]
) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
    """The numbers of dots that lie near each other as one text, its dot, and its place beside it, in points."""
    width, height = 72 * 0.6 * figure.get_figwidth(), 72 * 0.8 * figure.get_figheight()  # of the axis, about
    scaled = axis.transScale.transform([(p.place or 0.0, p.regret) for p in points])
    (left, low), (right, high) = axis.transScale.transform([(axis.get_xlim()[i], axis.get_ylim()[i]) for i in (0, 1)])
    at = [((x - left) / (right - left) * width, (y - low) / (high - low) * height) for x, y in scaled]
    groups: list[list[int]] = []
    for i, (x, y) in enumerate(at):
        near = (g for g in groups if any(abs(x - at[j][0]) < NEAR[0] and abs(y - at[j][1]) < NEAR[1] for j in g))
        group = next(near, None)
        groups.append([i]) if group is None else group.append(i)
    texts, taken = [], list[tuple[float, float, float, float]]()
    for group in groups:
        last, numbers = group[-1], _ranges([i + 1 for i in group])
        boxes = [_box(at[last], place, len(numbers)) for place in PLACES]
        free = next((n for n, box in enumerate(boxes) if not any(_overlap(box, other) for other in taken)), 0)
        taken.append(boxes[free])
        texts.append((numbers, (points[last].place or 0.0, points[last].regret), PLACES[free]))
    return texts


def _box(at: tuple[float, float], place: tuple[float, float], signs: int) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a text of so many signs beside a dot."""
    x, y, width = at[0] + place[0], at[1] + place[1], SIGN[0] * signs
    across = (x, x + width) if place[0] > 0 else (x - width, x)
    return *across, *((y, y + SIGN[1]) if place[1] > 0 else (y - SIGN[1], y))


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1–3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
