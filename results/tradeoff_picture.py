"""Regret against kWh as a picture."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from results.tradeoff import CHANCE, SWEEP, Tradeoff, Way

FRONT, REST = "#0b6e99", "#8a8f98"


def draw(made: Tradeoff, path: Path) -> None:
    """Write a PNG or SVG, by the ending of `path`. Costs are on a logarithmic axis that begins with a piece for 0 kWh."""
    ways = [way for way in made.ways if way.kwh is not None]
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axis = figure.subplots()
    above = [way.kwh for way in ways if way.kwh]
    if above:
        least = min(above)
        axis.set_xscale("symlog", linthresh=least / 3, linscale=0.6)
        axis.set_xlim(-least / 12, max(above) * 4)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    for way in ways:
        _point(axis, way, made.targets)
    front = [way for way in ways if way.front]
    axis.step([w.kwh or 0 for w in front], [w.regret for w in front], where="post", color=FRONT, linewidth=1.4, zorder=1)
    axis.set_ylim(bottom=min(0.0, *(way.regret for way in ways)))
    axis.set_xlabel("energy to choose the source of every target, kWh", fontsize=11)
    axis.set_ylabel(f"lost test {made.metric.replace('_', ' ')} (regret), mean over targets", fontsize=11)
    axis.set_title(_title(made), loc="left", fontsize=12, fontweight="bold")
    axis.grid(color="#e3e5e8")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


def _title(made: Tradeoff) -> str:
    volume = "" if made.hypervolume is None else f"; hypervolume {made.hypervolume:.3f}"
    return f"{made.experiment}: {made.sources} sources, {made.targets} targets{volume}"


def _point(axis: Axes, way: Way, targets: int) -> None:
    colour = FRONT if way.front else REST
    kwh = way.kwh or 0.0
    if way.low is not None and way.high is not None:
        axis.plot([kwh, kwh], [way.low, way.high], color=colour, linewidth=1.5, alpha=0.55, zorder=2)
    marker = {SWEEP: "s", CHANCE: "x"}.get(way.name, "D" if way.name.startswith("always ") else "o")
    axis.plot(kwh, way.regret, marker, color=colour, markersize=8, zorder=3)
    part = "" if way.targets == targets else f" ({way.targets} of {targets} targets)"
    axis.annotate(way.name + part, (kwh, way.regret), xytext=(7, 5), textcoords="offset points", fontsize=10, color="#20242a")
