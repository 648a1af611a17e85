"""Plots of a board: one panel for each target, one dot with its interval for each source; and critical differences."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from results.board.board import Board
from results.board.ranking import Row
from results.board.rules import ORACLE, rule_in_words
from results.board.ties import mark_jumps, tested
from results.metrics import written
from results.statistics.rank_tests import Difference
from results.text.drawing import label, labels, save, title_lines

BEST, REST = "#0b6e99", "#8a8f98"
DPI = 130
WIDTH = 70  # characters of a line of the title


def draw_board(board: Board, path: Path) -> None:
    """Write a PNG, SVG or PDF, by the ending of `path`. Coloured dots cannot be told apart from the best of their target.

    Where nothing was tested, no dot is coloured.

    Where a tie group jumps over a source, bars beside the panel join the sources of each group.
    """
    sources = [row.source for row in board.overall]
    names = labels(sources, path)
    count = len(board.targets)
    figure = Figure(figsize=(min(4.2 * max(count, 1), 16), 1.3 + 0.34 * len(sources)), layout="constrained")
    axes = figure.subplots(1, count, squeeze=False)[0] if count else []  # all pairs may be kept off the ranking
    for axis, (target, rows) in zip(axes, board.targets.items(), strict=True):
        dark = tested(rows, board.noise)
        for row in rows:
            y, colour = sources.index(row.source), BEST if dark and row.tie == 1 else REST
            if row.low is not None and row.high is not None:
                axis.plot([row.low, row.high], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
            axis.plot(row.mean, y, "o", color=colour, markersize=7)
        mark_jumps(axis, [row.tie for row in rows], [sources.index(row.source) for row in rows])
        axis.set_title(label(target, path), loc="left", fontweight="bold")
        axis.set_yticks(range(len(sources)), names if axis.get_subplotspec().is_first_col() else [""] * len(names))
        axis.set_ylim(len(sources) - 0.5, -0.5)
        axis.grid(axis="x", color="#e3e5e8")
        axis.set_axisbelow(True)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
        over = "\nover seeds and test images" if target in board.images else "\nover seeds"
        axis.set_xlabel(with_interval(label(f"test {written(board.metric)}", path), rows, over))
    if board.rule == ORACLE:
        figure.suptitle(f"Chosen by {rule_in_words(board.rule)}", x=0.01, ha="left", fontsize=9)
    save(figure, path, DPI)


def with_interval(what: str, rows: Sequence[Row], over: str = "") -> str:
    """What an axis shows: a figure and its interval; no interval is named where no row has one, as after one seed."""
    known = any(row.low is not None for row in rows)
    return f"{what}, mean and 95 % interval{over}" if known else f"{what}; no interval can be given"


def draw_ranks(tests: Difference, path: Path, terms: str = "") -> None:
    """Write the critical-difference diagram: mean ranks on a line, best on the left; a bar joins what cannot be told apart.

    terms: see ranks_title.
    """
    count, cd = len(tests.sources), tests.critical_difference
    rows, bars = (count + 1) // 2, len(tests.cliques)
    top = 0.45 * bars + 0.6
    figure = Figure(figsize=(9, 1.6 + 0.26 * (rows + top)), layout="constrained")
    axis = figure.subplots()
    axis.set_xlim(0.5, count + 0.5)
    axis.set_ylim(-rows - top - 0.6, 1.6 if cd else 0.8)
    axis.axis("off")
    axis.hlines(0, 1, count, color="black", linewidth=1)
    step = max(1, -(-count // 15))
    for place in range(1, count + 1, step):
        axis.vlines(place, 0, 0.15, color="black", linewidth=1)
        axis.text(place, 0.25, str(place), ha="center", va="bottom", fontsize=8)
    for number, (source, rank) in enumerate(zip(labels(tests.sources, path), tests.mean_ranks, strict=True)):
        left = number < rows
        y = -top - (number + 1 if left else count - number)
        edge = 0.9 if left else count + 0.1
        axis.plot([rank, rank, edge], [0, y, y], color=REST, linewidth=0.8, gid=f"source {number} line")
        text, gap = (f"{source}  {rank:.2f}", -0.12) if left else (f"{rank:.2f}  {source}", 0.12)
        axis.text(edge + gap, y, text, ha="right" if left else "left", va="center", fontsize=9, gid=f"source {number} name")
    for number, clique in enumerate(tests.cliques):
        ranks = [tests.mean_ranks[tests.sources.index(source)] for source in clique]
        y = -0.45 * (number + 1)
        axis.plot([min(ranks) - 0.03, max(ranks) + 0.03], [y, y], color=BEST, linewidth=4, solid_capstyle="butt")
    if cd is not None and cd < count - 1:
        axis.plot([1, 1 + cd], [1.2, 1.2], color=BEST, linewidth=2)
        axis.text(1 + cd / 2, 1.3, f"critical difference {cd:.2f} (Nemenyi, 95 %)", ha="center", va="bottom", fontsize=8)
    axis.set_title(
        "\n".join(title_lines(ranks_title(tests, terms), WIDTH, path)),
        loc="left",
        fontweight="bold",
        fontsize=10,
        wrap=True,
        gid="title",
    )
    save(figure, path, DPI)


def draw_ranks_narrow(tests: Difference, path: Path) -> None:
    """The same for a narrow page, without a title: a row for each source, and upright bars beside the rows that they join."""
    count, cd = len(tests.sources), tests.critical_difference
    figure = Figure(figsize=(4, 1 + 0.23 * (count + 1)))
    figure.set_layout_engine("constrained", w_pad=0.08)  # inches, so that the last bar is whole
    axis = figure.subplots()
    for y, rank in enumerate(tests.mean_ranks):
        axis.plot([1, rank], [y, y], color=REST, linewidth=0.8, gid=f"source {y} line")
        axis.plot(rank, y, "o", color=REST, markersize=5, gid=f"source {y} mark")
    names = zip(labels(tests.sources, path), tests.mean_ranks, strict=True)
    axis.set_yticks(range(count), [f"{source}  {rank:.2f}" for source, rank in names], fontsize=9)
    for y, text in enumerate(axis.get_yticklabels()):
        text.set_gid(f"source {y} name")
    for number, clique in enumerate(tests.cliques):
        rows = [tests.sources.index(source) for source in clique]
        x = 1.03 + 0.05 * number  # of the width of the axis
        axis.plot(
            [x, x], [min(rows) - 0.3, max(rows) + 0.3], color=BEST, linewidth=4, solid_capstyle="butt", clip_on=False,
            transform=axis.get_yaxis_transform(),
        )  # fmt: skip
    top = -0.6
    if cd is not None and cd < count - 1:
        top = -2.2
        axis.plot([1, 1 + cd], [-1, -1], color=BEST, linewidth=2)
        axis.text(1, -1.3, f"critical difference {cd:.2f} (Nemenyi, 95 %)", va="bottom", fontsize=8.5)
    axis.set_ylim(count - 0.4, top)
    axis.set_xlim(0.7, count + 0.3)
    axis.set_xticks(range(1, count + 1, max(1, -(-count // 8))))
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel("mean rank", fontsize=9)
    axis.spines[["top", "right", "left"]].set_visible(False)
    save(figure, path, DPI)


def ranks_title(tests: Difference, terms: str = "") -> str:
    """The title of the critical-difference diagram: what its bars show. terms: see results.board.answer.judged_by.

    Nemenyi's test holds its level without Friedman's, whose p is given beside the diagram, so that the title follows the bars.
    """
    where = f"{len(tests.sources)} sources on {tests.targets} targets{f' ({terms})' if terms else ''}"
    first = next((clique for clique in tests.cliques if tests.sources[0] in clique), [tests.sources[0]])
    if tests.friedman_p is None or len(first) == len(tests.sources):
        return f"Mean ranks of {where}: no difference can be shown"
    if len(first) == 1:
        return f"Mean ranks of {where}: {first[0]} differs from all others"
    return f"Mean ranks of {where}: {len(first) - 1} cannot be told apart from the best, {tests.sources[0]}"
