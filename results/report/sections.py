"""Sections of the report from a board. Each takes plain data; a section without data says what is missing."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from results.board.board import Board
from results.board.columns import OVERALL_COLUMNS, ROW_COLUMNS, cells, headings, leaking_columns
from results.board.columns import WORDS as BOARD_WORDS
from results.board.plot import draw_ranks, ranks_title
from results.board.ranking import Row
from results.board.text import APART, legend
from results.board.ties import jumps
from results.metrics import metric_of
from results.report.charts import MOST, IntervalPoint, draw_heat, draw_intervals
from results.report.export import numbered, slug
from results.report.html import Chart, Heat, Section, Shade, Table
from results.statistics.rank_tests import Difference

WORDS = frozenset({*BOARD_WORDS, "measure", "what", "value"})  # columns of words


def heat(board: Board) -> Section:
    """Source by target. The depth of a cell is how far it lies below the best of its target, on one scale for all."""
    if not board.targets:
        return Section("heat", "Heat map", left_out="no target has a finished cell that counts.")
    sources, targets = [row.source for row in board.overall], list(board.targets)
    measured = {(row.source, target): row for target, rows in board.targets.items() for row in rows}
    best = {target: rows[0].mean for target, rows in board.targets.items()}
    gaps = {pair: abs(best[pair[1]] - row.mean) for pair, row in measured.items()}
    worst = max(gaps.values()) or 1.0
    rows: list[tuple[str, list[Shade]]] = []
    for source in sources:
        line = []
        for target in targets:
            row = measured.get((source, target))
            if row is None:
                line.append(Shade("–", f"{source} → {target}: not measured"))
                continue
            ends = "no interval" if row.low is None else f"95 % {row.low:.3f} – {row.high:.3f}"
            top = row.tie == 1 and len(board.targets[target]) > 1
            tip = (
                f"{source} → {target}: {board.metric} {row.mean:.3f}, {ends}, {row.seeds} seeds, rank {row.rank}, tie {row.tie}"
            )
            line.append(Shade(f"{row.mean:.3f}", tip, 1 - gaps[source, target] / worst, top))
        rows.append((source, line))
    title = f"Test {board.metric} of {len(sources)} sources on {len(targets)} targets"
    side = "below" if metric_of(board.metric).higher_is_better else "above"
    far = f"the darkest cell is {worst:.3f} {side} the best of its target"
    text = f"The brightest cell of a column is the best of its target; {far}. • marks what cannot be told apart from the best."
    drawn = [[(cell.text, cell.depth, cell.top) for cell in line] for _, line in rows]
    draw = partial(draw_heat, sources, targets, drawn, limited(f"{title}; • cannot be told apart from the best", len(sources)))
    return Section(
        "heat",
        "Heat map",
        charts=[Chart("heat", title, text, draw, inline=False)],
        heat=Heat(f"{title}. {text}", "source", targets, rows),
        notes=["Each cell gives the mean over seeds. The tables of the targets give its interval."],
    )


def ranks(board: Board) -> Section:
    """Mean ranks over targets with their intervals."""
    ranked = [row for row in board.overall if row.mean_rank is not None]
    table = Table(
        "overall", f"Mean rank of every source in {board.experiment}", headings(OVERALL_COLUMNS),
        [cells(OVERALL_COLUMNS, row) for row in board.overall], WORDS,
    )  # fmt: skip
    if not ranked:
        note = "No target has every source, so there is no mean rank."
        return Section("ranks", "Ranks over targets", tables=[table], notes=[note])
    points = [IntervalPoint(row.source, row.mean_rank or 0.0, row.low, row.high) for row in ranked]
    first = ranked[0]
    near = [row.source for row in ranked[1:] if row.low is not None and row.low <= (first.high or first.mean_rank or 0.0)]
    title = f"Mean rank over targets: {len(near)} intervals overlap that of {first.source}, the first" if near else (
        f"Mean rank over targets: no interval overlaps that of {first.source}, the first"
    )  # fmt: skip
    text = "Dot: mean rank; line: its 95 % interval. Left is better. The table below gives the figures."
    label = "mean rank over targets (1 is best), 95 % interval"
    chart = Chart("ranks", title, text, partial(draw_intervals, points, limited(title, len(points)), label))
    return Section("ranks", "Ranks over targets", charts=[chart], tables=[table])


def per_target(board: Board) -> Section:
    """The board itself: for each target its verdict, a drawing and a table."""
    parts = []
    for target, rows in board.targets.items():
        name = f"target-{slug(target)}"
        verdict = board.verdict(target)
        title = f"{target}: {_seen(rows)}"
        points = [IntervalPoint(row.source, row.mean, row.low, row.high, row.tie == 1, row.tie) for row in rows]
        label = f"test {board.metric.replace('_', ' ')}, mean and 95 % interval"
        text = (
            "Sources with a filled dot cannot be told apart from the best one; sources with a hollow dot can. "
            "The table below gives the figures."
        )
        if jumps([row.tie for row in rows]):
            text = f"{text} A bar on the right joins the sources of each tie group, because one group jumps over a source."
        chart = Chart(name, title, text, partial(draw_intervals, points, limited(title, len(points)), label))
        best = frozenset(number for number, row in enumerate(rows) if row.tie == 1)
        table = Table(
            name,
            f"{target}: {board.metric}; {verdict}",
            headings(ROW_COLUMNS),
            [cells(ROW_COLUMNS, row) for row in rows],
            WORDS,
            best,
        )
        parts.append(Section(name, target, charts=[chart], tables=[table]))
    if board.leaking:
        columns = leaking_columns(board.metric)
        apart = Table("apart", APART, headings(columns), [cells(columns, pair) for pair in board.leaking], WORDS)
        parts.append(Section("apart", APART, tables=[apart]))
    return Section("targets", "Targets", notes=legend(board), parts=unique(parts))


def critical(
    names: Sequence[str], mean_ranks: Sequence[float], cliques: Sequence[Sequence[str]], chart: Chart, note: str
) -> Section:
    """The critical-difference diagram, drawn elsewhere, with its figures. `note`: the test, its p and the difference."""
    groups = [[str(n + 1) for n, clique in enumerate(cliques) if name in clique] for name in names]
    lines = [
        (name, f"{rank:.2f}", ", ".join(group) or "–") for name, rank, group in zip(names, mean_ranks, groups, strict=True)
    ]
    table = Table(
        "critical", "Mean ranks; sources of one group cannot be told apart", ("source", "mean rank", "group"), lines, WORDS
    )
    return Section("critical", "Critical difference", charts=[chart], tables=[table], notes=[note])


def difference(tests: Difference) -> Section:
    """Whether sources differ over the targets, and which."""
    if tests.friedman_p is None or tests.critical_difference is None:
        left = "Friedman's test needs at least three sources and two targets, and results that differ."
        return Section("critical", "Critical difference", left_out=left)
    pairs = [f"{better} over {worse} (p = {p:.3g})" for better, worse, p in tests.told_apart]
    note = (
        f"Friedman p = {tests.friedman_p:.3g} over {tests.targets} targets; mean ranks must differ by "
        f"{tests.critical_difference:.2f} (Nemenyi, 95 % for all pairs). Pairs that differ by Wilcoxon's "
        f"test with Holm's correction: {', '.join(pairs) or 'none'}."
    )
    text = (
        "Mean ranks on a line, best on the left. A bar joins sources that cannot be told apart. "
        "The table below gives the figures."
    )
    chart = Chart("critical", ranks_title(tests), text, partial(draw_ranks, tests))
    return critical(tests.sources, tests.mean_ranks, tests.cliques, chart, note)


def what_was_run(facts: Sequence[tuple[str, str]], notes: Sequence[str]) -> Section:
    """Plan or experiment, versions, where energy figures come from."""
    table = Table("run", "What was run", ("what", "value"), facts, WORDS)
    return Section("run", "What was run", tables=[table], notes=notes)


def unique(parts: Sequence[Section]) -> list[Section]:
    """Parts whose anchors and files would bear one name are numbered."""
    made = []
    for part, name in zip(parts, numbered([part.id for part in parts]), strict=True):
        end = name.removeprefix(part.id)
        charts = [replace(chart, name=chart.name + end) for chart in part.charts]
        tables = [replace(table, name=table.name + end) for table in part.tables]
        made.append(replace(part, id=name, charts=charts, tables=tables))
    return made


def _seen(rows: Sequence[Row]) -> str:
    tied = sum(row.tie == 1 for row in rows)
    if len(rows) == 1:
        return "only one source was measured"
    if tied == 1:
        return f"{rows[0].source} is alone in tie 1"
    return f"{tied} of {len(rows)} sources cannot be told apart from the best"


def limited(title: str, count: int) -> str:
    """The title of a chart, with the number of rows if it shows only the first of them."""
    return title if count <= MOST else f"{title} (the first {MOST} of {count})"
