"""What a result of a notebook draws: figures with intervals, or lines; as an SVG for its table, and on axes of matplotlib.

Colours are readable on light and dark ground, and text has the colour of its surroundings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from results.text.drawing import label, labels
from results.text.plain import plain, shortened
from results.text.ticks import ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST, REST = "#2a8fbd", "#8a8f98"  # at least 3:1 on white and on black
WIDE, LEFT, ROW, FOOT = 560, 190, 20, 34  # pixels of the SVG: all, names, one row, axis
LETTERS = 28  # of a name in the SVG
TICKS = 5  # at most
PNG = Path("notebook.png")  # notebooks show pictures as PNG, whose font has not every letter


@dataclass(frozen=True)
class Dot:
    """One figure with its 95 % interval, None where there is none. `best`: it cannot be told apart from the best one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    best: bool = False


@dataclass(frozen=True)
class Dots:
    """Figures, the first one on top. `axis`: what they are."""

    axis: str
    dots: Sequence[Dot]

    def svg(self) -> str:
        """A small picture as an SVG element; empty where the figures are too far apart for an axis."""
        ends = [end for dot in self.dots for end in (dot.value, dot.low, dot.high) if end is not None]
        low, high = min(ends), max(ends)
        margin = (high - low) * 0.04 or abs(high) * 0.04 or 1.0
        low, high, tall = low - margin, high + margin, len(self.dots) * ROW
        if not math.isfinite(high - low):
            return ""

        def x(value: float) -> str:
            return f"{LEFT + (value - low) / (high - low) * (WIDE - LEFT - 14):.1f}"

        parts = []
        for tick, text in ticks(low, high, TICKS):
            parts.append(f'<path d="M{x(tick)} 0V{tall}" stroke="{REST}" stroke-opacity=".35"/>')
            parts.append(f'<text x="{x(tick)}" y="{tall + 13}" text-anchor="middle">{text}</text>')
        for number, dot in enumerate(self.dots):
            y, colour = number * ROW + ROW / 2, BEST if dot.best else REST
            name, text = escape(shortened(plain(dot.name), LETTERS)), escape(plain(dot.name))
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{name}<title>{text}</title></text>')
            if dot.low is not None and dot.high is not None:
                parts.append(f'<path d="M{x(dot.low)} {y}H{x(dot.high)}" stroke="{colour}" stroke-width="2"/>')
            parts.append(f'<circle cx="{x(dot.value)}" cy="{y}" r="4" fill="{colour}"/>')
        axis = escape(plain(self.axis))
        parts.append(f'<text x="{(LEFT + WIDE) / 2}" y="{tall + 28}" text-anchor="middle">{axis}</text>')
        size = f'width="{WIDE}" height="{tall + FOOT}" viewBox="0 0 {WIDE} {tall + FOOT}"'
        style = 'style="max-width:100%;height:auto;font:11px sans-serif"'
        opening = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{axis}" {size} {style} fill="currentColor">'
        return f"{opening}{''.join(parts)}</svg>"

    def draw(self, axes: "Axes") -> None:
        """Draw on axes of matplotlib."""
        names = labels([dot.name for dot in self.dots], PNG)
        for y, dot in enumerate(self.dots):
            colour = BEST if dot.best else REST
            if dot.low is not None and dot.high is not None:
                axes.plot([dot.low, dot.high], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
            axes.plot(dot.value, y, "o", color=colour, markersize=7)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(label(self.axis, PNG, len(self.axis)))
        _plain(axes, "x")

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of a figure for them, in inches."""
        return 6.4, 0.9 + 0.3 * len(self.dots)


@dataclass(frozen=True)
class Line:
    """One line: values of x and y, of the same length."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Lines:
    """Lines, and what their axes are."""

    x: str
    y: str
    lines: Sequence[Line]
    size: tuple[float, float] = (6.4, 4.0)

    def draw(self, axes: "Axes") -> None:
        """Draw on axes of matplotlib; a legend names at most twelve lines."""
        for line, name in zip(self.lines, labels([line.name for line in self.lines], PNG), strict=True):
            axes.plot(line.x, line.y, label=name, linewidth=1.5)
        if all(float(x).is_integer() for line in self.lines for x in line.x):
            axes.locator_params(axis="x", integer=True)
        axes.set_xlabel(label(self.x, PNG, len(self.x)))
        axes.set_ylabel(label(self.y, PNG, len(self.y)))
        if 1 < len(self.lines) <= 12:
            axes.legend(fontsize=8, frameon=False)
        _plain(axes, "y")


def _plain(axes: "Axes", grid: str) -> None:
    axes.grid(axis="x" if grid == "x" else "y", color=REST, alpha=0.35)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"] if grid == "x" else ["top", "right"]].set_visible(False)
