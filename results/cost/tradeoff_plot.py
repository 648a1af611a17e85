"""A plot of regret against energy."""

from pathlib import Path

from matplotlib.figure import Figure

from results.cost.paid_plot import axis_words, height_for, paid_of, plot_paid
from results.cost.tradeoff import Tradeoff
from results.text.counts import how_many
from results.text.drawing import label, save, title_lines
from results.text.units import energy_unit

DPI = 130
WIDTH = 100  # characters of a line of the title
SIZE = (9.0, 5.4)


def draw_tradeoff(tradeoff: Tradeoff, path: Path) -> None:
    """Write a PNG, SVG or PDF, by the ending of `path`; see plot_paid for its marks.

    (11/12) behind a name means that the way was judged on so many targets only.
    """
    plain = paid_of(tradeoff)
    unit = energy_unit([point.place for point in plain])
    points = [point.in_unit(unit) for point in plain]
    figure = Figure(figsize=(SIZE[0], height_for(points, SIZE[1])), layout="constrained")
    axis = figure.subplots()
    plot_paid(figure, axis, points, path)
    for text in figure.legends[0].get_texts():
        text.set_gid(f"name of {' '.join(text.get_text().split()[1:])}")
    scale, squares = axis_words(points), "squares: constants, which look at no image of the target"
    spent = f"energy spent to choose a source for every target, {unit.name}{f', {scale}' if scale else ''}"
    axis.set_xlabel(f"{spent}\n({squares})", fontsize=11)
    lost = f"regret: test {tradeoff.metric.replace('_', ' ')} lost, mean and 95 % over targets"
    axis.set_ylabel(label(lost, path, len(lost)) + "\n(triangle: the interval goes on)", fontsize=11)
    axis.set_title("\n".join(title_lines(_title(tradeoff), WIDTH, path)), loc="left", fontsize=12, fontweight="bold")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    save(figure, path, DPI)


def _title(tradeoff: Tradeoff) -> str:
    sign = "≈ " if tradeoff.rough else "≥ " if tradeoff.bound else ""
    volume = "" if tradeoff.hypervolume is None else f"; hypervolume {sign}{tradeoff.hypervolume:.3f}"
    return f"{tradeoff.experiment}: {how_many(tradeoff.sources, 'source')}, {how_many(tradeoff.targets, 'target')}{volume}"
