"""A plot of regret against the share of the cost of all runs, a line with intervals for each policy."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.choosing import EPSILON
from results.choosing.replay import Replayed
from results.choosing.replay_text import UNITS
from results.choosing.verdict import Mean, PolicyRegret, mean_over_targets, policy_regrets
from results.text.counts import how_many
from results.text.drawing import ACCENT, GRID, INK, SOFT, label, labels, save, title_lines

DPI = 130
WIDTH = 88  # characters of a line of the title
SIZE = (9.0, 5.0)
STEPS = (1, 2, 5)  # ticks are these figures times powers of ten
APART = 1.05  # factor between two policies at one share, so that their intervals do not hide each other
MARKS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def draw_replay(found: Replayed, experiment: str, path: Path) -> None:
    """Write a PNG, SVG or PDF, by the ending of `path`: the mean over targets and its 95 % interval at each share.

    The first policy is coloured. The grey band is what the smallest validation loss of all runs loses. Regrets up to `eps` of
    the question (EPSILON where it is 0) are on a linear scale, larger ones on a logarithmic one: neither hides the other.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    axis = figure.subplots()
    _sweep(axis, mean_over_targets(found.sweep))
    policies = policy_regrets(found)
    for number, (policy, shown) in enumerate(zip(policies, labels([each.name for each in policies], path), strict=True)):
        places = [100 * share * APART ** (number - (len(policies) - 1) / 2) for share in found.shares]
        _policy(axis, policy, places, number, shown)
    axis.set_xscale("log")
    axis.set_xticks([100 * share for share in found.shares], [f"{100 * share:g} %" for share in found.shares])
    axis.minorticks_off()
    _regret_scale(axis, found.question.eps or EPSILON)
    axis.set_xlabel(f"share of the {UNITS[found.unit]} of all runs of a target")
    metric = found.metric.replace("_", " ")
    axis.set_ylabel(label(f"regret: test {metric} lost, mean and 95 % over targets", path, 80))
    title = "\n".join(title_lines(_title(found, experiment), WIDTH, path))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    axis.grid(color=GRID)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    save(figure, path, DPI)


def _regret_scale(axis: Axes, near: float) -> None:
    axis.set_yscale("symlog", linthresh=near, linscale=1.0)
    low, high = min(1.1 * axis.dataLim.y0, -near / 4), max(1.1 * axis.dataLim.y1, near)
    axis.set_ylim(low, high)
    powers = [step * 10.0**power for power in range(-6, 2) for step in STEPS]
    ticks = [-near, 0.0, near / 2, near, *(tick for tick in powers if tick > 1.5 * near)]
    shown = [tick for tick in ticks if low <= tick <= high]
    axis.set_yticks(shown, [f"{tick:g}" for tick in shown])
    axis.minorticks_off()


def _sweep(axis: Axes, mean: Mean) -> None:
    if mean.low is not None and mean.high is not None:
        axis.axhspan(mean.low, mean.high, color=SOFT, alpha=0.15, linewidth=0)
    axis.axhline(mean.value, color=SOFT, linewidth=1, label="all runs")


def _policy(axis: Axes, policy: PolicyRegret, places: list[float], number: int, shown: str) -> None:
    colour = ACCENT if number == 0 else INK if number % 2 else SOFT
    for place, mean in zip(places, policy.regret, strict=True):
        if mean.low is not None and mean.high is not None:
            axis.plot(
                [place, place], [mean.low, mean.high], color=colour, linewidth=1, alpha=0.6, gid=f"interval of {policy.name}"
            )
    style: dict[str, Any] = {"linestyle": DASHES[number % len(DASHES)], "marker": MARKS[number % len(MARKS)]}
    values = [mean.value for mean in policy.regret]
    axis.plot(places, values, color=colour, linewidth=1.8 if number == 0 else 1.2, markersize=5, label=shown, **style)


def _title(found: Replayed, experiment: str) -> str:
    left = "one target and its family" if found.question.family else "one target"
    return (
        f"{experiment}: {how_many(len(found.targets), 'target')}, {left} left out at a time, "
        f"mean of {how_many(found.question.relabellings, 'relabelling')} of replicates"
    )
