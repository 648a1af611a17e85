"""A board as a picture: one panel per target, one dot with its interval per source."""

from pathlib import Path

from matplotlib.figure import Figure

from results.board import Board

BEST, REST = "#0b6e99", "#8a8f98"


def draw(board: Board, path: Path) -> None:
    """Write a PNG or SVG, by the ending of `path`. Dark dots cannot be told from the best of their target."""
    sources = [row.source for row in board.overall]
    count = len(board.targets)
    figure = Figure(figsize=(min(4.2 * max(count, 1), 16), 1.3 + 0.34 * len(sources)), layout="constrained")
    axes = figure.subplots(1, count, squeeze=False)[0] if count else []  # all that was run may be kept off the ranking
    for axis, (target, rows) in zip(axes, board.targets.items(), strict=True):
        for row in rows:
            y, colour = sources.index(row.source), BEST if row.tie == 1 else REST
            if row.low is not None and row.high is not None:
                axis.plot([row.low, row.high], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
            axis.plot(row.mean, y, "o", color=colour, markersize=7)
        axis.set_title(target, loc="left", fontweight="bold")
        axis.set_yticks(range(len(sources)), sources if axis.get_subplotspec().is_first_col() else [""] * len(sources))
        axis.set_ylim(len(sources) - 0.5, -0.5)
        axis.grid(axis="x", color="#e3e5e8")
        axis.set_axisbelow(True)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
        axis.set_xlabel(f"test {board.metric.replace('_', ' ')}, mean and 95 % interval over seeds")
    figure.savefig(path, dpi=130)
