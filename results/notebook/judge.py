"""Judges anybody's long table of figures as a board is judged: ties, ranks with intervals, probabilities, intervals."""

import zlib
from collections.abc import Sequence
from dataclasses import fields, replace
from numbers import Real

import numpy as np
import pandas as pd

from results.board import board as boards
from results.board.columns import OVERALL_COLUMNS, ROW_COLUMNS, legends
from results.board.ranking import Impute, Overall, Row, Standing, over_targets, rows_of
from results.board.text import differences
from results.board.ties import jump_notes
from results.error import CatsError
from results.metrics import Metric
from results.notebook.board import Board, drawing_of, floats, overall_frame, sheets_of
from results.notebook.long_table import Columns, checked, metric_in
from results.notebook.result import Sheet, in_python
from results.statistics.intervals import TargetResults, draw_means, rank_draws
from results.text.counts import how_many

SHOWN = [column for column in ROW_COLUMNS if column.heading != "Wh"]  # a table says nothing of energy
FIELDS = [each.name for each in fields(Row) if each.name not in {"source", "energy_kwh"}]
TAKEN = {*FIELDS, *(each.name for each in fields(Overall) if each.name != "source")}
OVER_TARGETS = "intervals over targets take the targets as drawn from targets of their kind"
ONE_FIGURE = (
    "one figure for each pair: how much a repetition would differ is not known, so that the figures of one target have no "
    "interval and its sources tie"
)
SEVERAL_FIGURES = (
    "intervals of one target hold the variance of its repetitions, which are taken as independent; a table has no test "
    "predictions, so that the sampling error of the test data is not in them"
)


def judge(table: pd.DataFrame, columns: Columns, higher: bool, noise: float | None, impute: Impute | None) -> Board:
    """See catsbench.judge."""
    metric = metric_in(columns.metric, higher=higher)
    if noise is not None and not (isinstance(noise, Real) and 0 <= noise < np.inf):
        raise CatsError(f"noise is {noise}; give a finite difference of 0 or more in {columns.metric}, such as 0.02")
    if impute not in {None, "worst", "median"}:
        raise CatsError(f"impute is '{impute}'; allowed are worst, median and None")
    rows = checked(table, columns, metric, TAKEN)
    standings = {str(task): _standing(here, str(task), metric, noise or 0.0) for task, here in rows.groupby("target")}
    targets = {task: rows_of(one, metric, {}) for task, one in standings.items()}
    overall, difference, gaps = over_targets(standings, targets, metric, impute)
    made = boards.Board("", columns.metric, "", targets, overall, gaps, noise=noise, difference=difference)
    listed = [{columns.task: task, columns.item: row.source, **vars(row)} for task, each in targets.items() for row in each]
    over = overall_frame(made).rename(columns={"source": columns.item})
    title = f"{columns.metric} of {how_many(len(over), 'value')} of '{columns.item}' on {len(targets)} of '{columns.task}'"
    return Board(
        title,
        floats(pd.DataFrame(listed, columns=[columns.task, columns.item, *FIELDS])),
        _notes(rows, columns, made),
        [_headed(sheet, columns.item) for sheet in sheets_of(made, SHOWN, OVERALL_COLUMNS)],
        drawing_of(made),
        overall=over,
        board=made,
    )


def _headed(sheet: Sheet, item: str) -> Sheet:
    """The table with the user's own word for what is compared."""
    return replace(sheet, head=[item if name == "source" else name for name in sheet.head], left=sheet.left | {item})


def _standing(here: pd.DataFrame, task: str, metric: Metric, noise: float) -> Standing:
    ordered = here.sort_values(["source", "seed"])
    groups = {str(item): group["value"].to_numpy(float) for item, group in ordered.groupby("source")}
    measured = TargetResults(list(groups.values()), None, noise)
    rng = np.random.default_rng(zlib.crc32(f"{metric.name}/{task}".encode()))
    drawn = draw_means(measured, rng) if measured.drawable else None
    return Standing(list(groups), measured, drawn, None if drawn is None else rank_draws(drawn))


def _notes(rows: pd.DataFrame, columns: Columns, made: boards.Board) -> Sequence[str]:
    """What is assumed, and what the columns mean."""
    words = f"in these sentences a source is a value of '{columns.item}', and a target a value of '{columns.task}'"
    counts = rows.groupby(["source", "target"])["value"].size()
    several = int(counts.max()) > 1
    lone = [" on ".join(map(str, pair)) for pair in counts.index[counts == 1]] if several else []
    have = how_many(len(lone), "pair has one figure, so that its", "pairs have one figure, so that their")
    single = [f"{have} variance is not known: {', '.join(lone[:5])}"] if lone else []
    below = [*legends(SHOWN, made), *jump_notes(made.targets), *legends(OVERALL_COLUMNS, made), *differences(made), *made.notes]
    return [words, f"{SEVERAL_FIGURES if several else ONE_FIGURE}; {OVER_TARGETS}", *single, *map(in_python, below)]
