"""Sections of the report from a board. Each takes plain data; a section without data says what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from results.board.answer import filled
from results.board.board import Board
from results.board.columns import OVERALL_COLUMNS, ROW_COLUMNS, cells, headings, leaking_columns, only_target
from results.board.columns import WORDS as BOARD_WORDS
from results.board.outlook import MORE_SEEDS
from results.board.plot import draw_ranks, draw_ranks_narrow, ranks_title, with_interval
from results.board.ranking import Row
from results.board.text import APART, legend
from results.board.ties import jumps, tested, why_untested
from results.metrics import written
from results.report.axes import plot_of
from results.report.charts import IntervalPoint, draw_intervals, limited
from results.report.export import numbered, slug
from results.report.html import Chart, Mark, Section, Table
from results.statistics.rank_tests import Difference
from results.text.counts import how_many
from results.text.units import EnergyUnit, energy_unit

WORDS = frozenset({*BOARD_WORDS, "measure", "constant", "what", "value"})  # columns of words


def ranks(board: Board) -> Section:
    """Mean ranks over targets with their intervals."""
    ranked = [row for row in board.overall if row.mean_rank is not None]
    metric, gaps = written(board.metric), filled(board)
    common, count = 0 if board.difference is None else board.difference.targets, how_many(len(board.targets), "target")
    shared = f"{common} of {count}" if 0 < common < len(board.targets) else count
    what = f"{'Mean rank' if ranked else 'Strength'} of every source in {board.experiment}, by test {metric} over {shared}"
    table = Table(
        "overall", f"{what}; {gaps}" if gaps else what, headings(OVERALL_COLUMNS),
        [cells(OVERALL_COLUMNS, row) for row in board.overall], WORDS,
    )  # fmt: skip
    if not ranked:
        note = "No target has every source, so there is no mean rank."
        return Section("ranks", "Ranks over targets", tables=[table], notes=[note])
    target = only_target(board)
    here = [] if target is None else board.targets[target]
    dark = not here or tested(here, board.noise)
    points = [IntervalPoint(row.source, row.mean_rank or 0.0, row.low, row.high, not dark or row.tie == 1) for row in ranked]
    tied = sum(row.tie == 1 for row in ranked[1:])
    over = f"Mean rank by test {metric} over {shared}"
    if target is not None:
        over = f"Rank by test {metric} on {target}, the only target that all sources share"
    first = ranked[0].source
    seen = f"{how_many(tied, 'source')} cannot be told apart from {first}, the first" if tied else f"{first} is alone in tie 1"
    seen = seen if dark else f"nothing was tested, because {why_untested(here)}"
    title = f"{over}: {seen}; {gaps}" if gaps else f"{over}: {seen}"
    text = "Dot: mean rank; line: its 95 % interval. Left is better. The table below gives the figures."
    if dark:
        text = f"{text} Sources with a filled dot cannot be told apart from the first."
    label = f"{'mean rank over targets' if target is None else 'rank'} (1 is best), 95 % interval"
    draw = partial(draw_intervals, points, limited(title, len(points)), label)
    chart = Chart("ranks", title, text, draw, inline=False)  # the forest plot at the top of a page shows the same
    return Section("ranks", "Ranks over targets", charts=[chart], tables=[table])


def per_target(board: Board, more: Mapping[str, Board] | None = None, unit: EnergyUnit | None = None) -> Section:
    """The board itself: for each target its verdict and a table with its intervals.

    more: metric → the board by it. unit: of energies; without it the one in which those of the board are short.
    """
    unit = unit or energy_unit([row.energy_kwh for rows in board.targets.values() for row in rows])
    made = _per_target(board, "target", unit)
    others = {written(name): _per_target(other, f"target-{slug(name)}", unit) for name, other in (more or {}).items()}
    return replace(made, others=others)


def _per_target(board: Board, name: str, unit: EnergyUnit) -> Section:
    parts = [_target(board, target, f"{name}-{slug(target)}", unit) for target in board.targets]
    if board.leaking:
        columns, apart = leaking_columns(board.metric), name.replace("target", "apart")
        table = Table(apart, APART, headings(columns), [cells(columns, pair) for pair in board.leaking], WORDS)
        parts.append(Section(apart, APART, tables=[table]))
    notes = [f"{unit.name}{each.removeprefix('Wh')}" if each.startswith("Wh: ") else each for each in legend(board)]
    return Section("targets", "Targets", notes=notes, notes_last=True, parts=unique(parts))


def _target(board: Board, target: str, name: str, unit: EnergyUnit) -> Section:
    rows, metric = board.targets[target], written(board.metric)
    title = f"{target}: {_seen(rows, board.noise)}"
    dark = tested(rows, board.noise)
    points = [IntervalPoint(row.source, row.mean, row.low, row.high, not dark or row.tie == 1, row.tie) for row in rows]
    label = with_interval(f"test {metric}", rows)
    text = (
        (
            "Sources with a filled dot cannot be told apart from the best one; sources with a hollow dot can. "
            "The table below gives the figures."
        )
        if dark
        else "No dot says which sources can be told apart. The table below gives the figures."
    )
    if jumps([row.tie for row in rows]):
        text = f"{text} A bar on the right joins the sources of each tie group, because one group jumps over a source."
    draw = partial(draw_intervals, points, limited(title, len(points)), label)
    costs = [name for column in ROW_COLUMNS if column.fields == ("energy_kwh",) for name in [column.heading]]
    head = [unit.name if heading in costs else heading for heading in headings(ROW_COLUMNS)]
    lines = [
        [unit.text(row.energy_kwh) if heading in costs else cell for heading, cell in
         zip(headings(ROW_COLUMNS), cells(ROW_COLUMNS, row), strict=True)]
        for row in rows
    ]  # fmt: skip
    plot, verdict = plot_of([Mark(row.mean, row.low, row.high) for row in rows], f"test {metric}"), board.verdict(target)
    table = Table(
        name, f"{target}: {metric}; {verdict}", head, lines, WORDS,
        frozenset(number for number, row in enumerate(rows) if row.tie == 1),
        plots={"mean": plot} if plot else {}, ties=[row.tie for row in rows],
        paper=f"{target}: {metric}; {verdict.removesuffix(f'; {MORE_SEEDS}')}",
    )  # fmt: skip
    return Section(name, target, charts=[Chart(name, title, text, draw, inline=False)], tables=[table])


def critical(
    names: Sequence[str],
    mean_ranks: Sequence[float],
    cliques: Sequence[Sequence[str]],
    chart: Chart,
    note: str,
    terms: str = "",
) -> Section:
    """The critical-difference diagram, drawn elsewhere, with its figures. `note`: the test, its p and the difference."""
    by = f" ({terms})" if terms else ""
    groups = [[str(n + 1) for n, clique in enumerate(cliques) if name in clique] for name in names]
    lines = [
        (name, f"{rank:.2f}", ", ".join(group) or "–") for name, rank, group in zip(names, mean_ranks, groups, strict=True)
    ]
    table = Table(
        "critical", f"Mean ranks{by}; sources of one group cannot be told apart", ("source", "mean rank", "group"), lines, WORDS
    )
    return Section("critical", "Critical difference", charts=[chart], tables=[table], notes=[note])


def difference(tests: Difference, terms: str = "") -> Section:
    """Whether sources differ over the targets, and which. terms: see results.board.answer.judged_by."""
    if tests.friedman_p is None or tests.critical_difference is None:
        left = "Friedman's test needs at least three sources and two targets, and results that differ."
        return Section("critical", "Critical difference", left_out=left)
    pairs = [f"{better} over {worse} (p = {p:.3g})" for better, worse, p in tests.told_apart]
    note = (
        f"Friedman p = {tests.friedman_p:.3g} over {tests.targets} targets; mean ranks must differ by "
        f"{tests.critical_difference:.2f} (Nemenyi, 95 % for all pairs). Pairs that differ by Wilcoxon's "
        f"test with Holm's correction: {', '.join(pairs) or 'none'}."
    )
    text = "Mean ranks, best first. A bar joins sources that cannot be told apart. The table below gives the figures."
    draw, narrow = partial(draw_ranks, tests, terms=terms), partial(draw_ranks_narrow, tests)
    chart = Chart("critical", ranks_title(tests, terms), text, draw, sources=tests.sources, narrow=narrow)
    return critical(tests.sources, tests.mean_ranks, tests.cliques, chart, note, terms)


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


def _seen(rows: Sequence[Row], noise: float | None) -> str:
    tied = sum(row.tie == 1 for row in rows)
    if len(rows) == 1:
        return "only one source was measured"
    if not tested(rows, noise):
        return f"nothing was tested, because {why_untested(rows)}"
    if tied == 1:
        return f"{rows[0].source} is alone in tie 1"
    return f"{tied} of {len(rows)} sources cannot be told apart from the best"
