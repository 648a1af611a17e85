"""A plot of regret against kWh."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter

from results.cost.tables import rounded, without_energy
from results.cost.tradeoff import CHANCE, HABITS, SWEEP, Tradeoff, Way
from results.drawing import label, save, title_lines
from results.plain import plain

FRONT, REST = "#0b6e99", "#8a8f98"
DPI = 130
WIDTH = 100  # characters of a line of the title


def draw_tradeoff(tradeoff: Tradeoff, path: Path) -> None:
    """Write a PNG or SVG, by the ending of `path`.

    Costs are on a logarithmic axis that begins with a linear piece for 0 kWh. (11/12) behind a name means that the way was
    judged on so many targets only. A hollow mark with an arrow is a lower bound, because a part of the energy is missing; a
    hollow mark without one is approximate.
    """
    ways = [way for way in tradeoff.ways if way.known is not None]
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axis = figure.subplots()
    above = [way.known for way in ways if way.known]
    if above:
        least = min(above)
        axis.set_xscale("symlog", linthresh=least / 3, linscale=0.6)
        axis.set_xlim(-least / 12, max(above) * 4)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    top = max([way.high or way.regret for way in ways], default=1.0) or 1.0
    for way, below in zip(ways, _below(ways, top), strict=True):
        _point(axis, way, _name(way, tradeoff.targets, path), below=below)
    front = [way for way in ways if way.front]
    axis.step([w.kwh or 0 for w in front], [w.regret for w in front], where="post", color=FRONT, linewidth=1.4, zorder=1)
    axis.set_ylim(-0.04 * top, 1.06 * top)
    axis.set_xlabel("energy spent to choose a source for every target, kWh", fontsize=11)
    lost = f"regret: test {tradeoff.metric.replace('_', ' ')} lost, mean and 95 % over targets"
    axis.set_ylabel(label(lost, path, len(lost)), fontsize=11)
    axis.set_title("\n".join(title_lines(_title(tradeoff), WIDTH, path)), loc="left", fontsize=12, fontweight="bold")
    axis.grid(color="#e3e5e8")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    save(figure, path, DPI)


def _title(tradeoff: Tradeoff) -> str:
    sign = "≈ " if tradeoff.rough else "≥ " if tradeoff.bound else ""
    volume = "" if tradeoff.hypervolume is None else f"; hypervolume {sign}{tradeoff.hypervolume:.3f}"
    return f"{tradeoff.experiment}: {tradeoff.sources} sources, {tradeoff.targets} targets{volume}"


def _below(ways: Sequence[Way], top: float) -> list[bool]:
    """Whether a name goes below its point, because the name of a near point is above it."""
    below: list[bool] = []
    for i, way in enumerate(ways):
        near = [
            j for j, other in enumerate(ways[:i])
            if abs(way.regret - other.regret) < 0.05 * top and (way.known or 0) < 5 * (other.known or 0)
        ]  # fmt: skip
        below.append(bool(near) and not below[near[-1]])
    return below


def _name(way: Way, targets: int, path: Path) -> str:
    """The name of a way as it is drawn, with what limits its comparison."""
    part = "" if way.targets == targets else f" ({way.targets}/{targets})"
    kwh = rounded(way.known or 0.0)
    if way.rough:
        part += f", ≈ {kwh} kWh{without_energy(way.without)}"
    if way.bound:
        part += f", ≥ {kwh} kWh"
    return label(way.name, path) + part


def _point(axis: Axes, way: Way, name: str, *, below: bool) -> None:
    colour = FRONT if way.front else REST
    kwh = way.known or 0.0
    if way.low is not None and way.high is not None:
        axis.plot([kwh, kwh], [way.low, way.high], color=colour, linewidth=1.5, alpha=0.55, zorder=2)
    marker = {SWEEP: "s", CHANCE: "x"}.get(way.name, "D" if way.name in HABITS else "o")
    fill = "white" if way.bound or way.rough else colour
    axis.plot(kwh, way.regret, marker, color=colour, markerfacecolor=fill, markersize=8, zorder=3)
    if way.bound:
        arrow = {"arrowstyle": "<-", "color": colour, "shrinkA": 0, "shrinkB": 6, "gid": f"arrow of {plain(way.name)}"}
        axis.annotate("", (kwh, way.regret), (34, 0), textcoords="offset points", arrowprops=arrow)
    written = axis.annotate(
        name, (kwh, way.regret), xytext=(8, -14 if below else 6), textcoords="offset points", fontsize=11, zorder=4
    )
    written.set_gid(f"name of {name}")
    written.set_path_effects([withStroke(linewidth=3, foreground="white")])
