"""Scores of measures from a table with one row for each pair and measure, as records."""

import math

import pandas as pd

from results.error import CatsError
from results.imports.column_map import ColumnMap
from results.imports.matrix import score_records
from results.imports.row import Row
from results.imports.table import require_columns
from results.record import Record


def table_scores(table: pd.DataFrame, how: ColumnMap, experiment: str, where: str) -> list[Record]:
    """One record for each pair, with its scores by all measures of the table; none where the map names no measures.

    Measures are called as `rename: measure:` says. An empty score is a pair of which the measure says nothing.
    Raises CatsError for a missing column, a score that is no finite number, and two scores of one pair by one measure.
    """
    if how.measures is None:
        return []
    require_columns(table, how, where)
    pairs: dict[tuple[str, str, str], dict[str, float]] = {}
    measures: dict[str, None] = {}
    for number, values in enumerate(table[how.columns()].to_dict("records"), 1):
        row = Row(values, f"{where}, row {number}", how)
        pair = (row.text(how.source, "source"), row.text(how.target, "target"), row.text(how.backbone, "backbone"))
        name, score = row.text(how.measures.name, "measure"), row.number(how.measures.score, "score")
        measures[name] = None
        found = pairs.setdefault(pair, {})
        if math.isnan(score) or score in how.missing:
            continue
        if math.isinf(score):
            raise CatsError(
                f"{row.where}: score is {score:g}; correct it, or declare `missing: [.inf]` if it marks what is missing"
            )
        if found.setdefault(name, score) != score:
            raise CatsError(f"{row.where}: {name} has a second score of {' and '.join(pair)}, {score:g} after {found[name]:g}")
    return score_records(pairs, list(measures), how.measures.lower, experiment)
