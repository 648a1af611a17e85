"""Other people's matrices of results and of measure scores, as records."""

import json
import math
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from results.error import CatsError, nearest
from results.files.digest import digest
from results.imports.column_map import UNKNOWN
from results.imports.delimited import Writing
from results.imports.figures import IN_MATRIX, as_shares, require_bounds, require_finite, without_missing
from results.imports.names import require_different, require_name
from results.imports.table import facts_of, read_table
from results.metrics import metric_of
from results.record import Record


def read_grid(path: Path, writing: Writing = Writing(), missing: Collection[float] = ()) -> pd.DataFrame:  # noqa: B008 - frozen
    """A matrix of figures: index sources, columns targets, NaN where there is none.

    The column of names may be called `source`, or `target` if the file has the targets as rows; else the first column that
    holds words names the sources. `missing`: values that mark a pair without a figure, such as -1. Raises CatsError if no
    column names the sources, a name occurs twice, or a cell is no number or infinite.
    """
    table = read_table(path, writing)
    table.columns = pd.Index([str(column).strip() for column in table])
    table = table.drop(
        columns=[c for c in map(str, table) if c.startswith("Unnamed:") and (_counts(table[c]) or table[c].isna().all())]
    )
    heads = [c for c in map(str, table) if c.lower() in {"source", "target"}]
    words = [c for c in map(str, table) if not pd.api.types.is_numeric_dtype(table[c]) and not table[c].isna().all()]
    if not heads and not words:
        raise CatsError(
            f"{path} has no column with the names of the rows; call that column 'source', or 'target' if the rows are targets"
        )
    head = (heads or words)[0]
    grid = table.set_index(table[head].astype(str).str.strip()).drop(columns=head)
    for column in map(str, grid):
        numbers = pd.to_numeric(grid[column], errors="coerce")
        wrong = grid[column][numbers.isna() & grid[column].notna()]
        if len(wrong):
            percent = "; leave out the % and say --percent" if str(wrong.iloc[0]).strip().endswith("%") else ""
            raise CatsError(
                f"{path}: the value of row '{wrong.index[0]}' and column '{column}' is {wrong.iloc[0]!r}, "
                f"which is not a number{percent}"
            )
        grid[column] = numbers.astype(float)
    for name in (*map(str, grid.index), *map(str, grid)):
        require_name(name, f"{path}: the name")
    twice = grid.index[grid.index.duplicated()]
    if len(twice):
        raise CatsError(f"{path}: two rows have the name '{twice[0]}'")
    require_different([*map(str, grid.index)], str(path))
    require_different([*map(str, grid)], str(path))
    grid = without_missing(grid, missing)
    require_finite(grid, str(path), IN_MATRIX)
    return grid.T if head.lower() == "target" else grid


def shares(grid: pd.DataFrame, metric: str, where: str, *, percent: bool) -> pd.DataFrame:
    """The matrix of a metric, divided by 100 if it is in percent. Raises CatsError for figures outside the metric's bounds."""
    grid = as_shares(grid, metric, where) if percent else grid
    require_bounds(grid, metric_of(metric), metric, where, IN_MATRIX)
    return grid


def _counts(column: "pd.Series[Any]") -> bool:
    """True if a column without a name only numbers the rows."""
    return pd.api.types.is_integer_dtype(column) and column.is_unique


def cells_of(
    grid: pd.DataFrame, metric: str, backbone: str, experiment: str, origin: str, of: str | None = None
) -> list[Record]:  # fmt: skip
    """One record for each cell of a bare matrix (see `read_grid`): one figure, no seed, no cost.

    of: the source of all rows, whose names are then backbones; without it they are sources on `backbone`.
    """
    now = time.time()
    records = []
    for row, target, value in _filled(grid):
        source, own = (row, backbone) if of is None else (of, row)
        names = {"source": source, "target": target, "backbone": own, "seed": UNKNOWN, "protocol": "imported"}
        key = digest(["imported cell", names, metric, value])
        record = Record(
            kind="cell",
            key=key,
            attempt=key,
            experiment=experiment,
            status="finished",
            point=digest(["imported", metric]),
            names=names,
            settings={},
            facts=facts_of(origin, names),
            scores={metric: value},
            started=now,
            ended=now,
        )
        records.append(record)
    if not records:
        raise CatsError(f"{origin} contains no number")
    return records


def _filled(grid: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
    for source, row in grid.iterrows():
        for target, value in row.items():
            if math.isfinite(value):
                yield str(source), str(target), float(value)


def scores_of(
    grids: dict[str, pd.DataFrame], lower: Iterable[str], backbone: str, experiment: str, of: str | None = None
) -> list[Record]:
    """One record for each pair, with the score of each measure; the sign of measures in `lower` is changed: higher is better.

    `of`: see cells_of. Raises CatsError for an invalid name of a measure, and if `lower` names a measure without a matrix.
    """
    pairs: dict[tuple[str, str, str], dict[str, float]] = {}
    for name, grid in grids.items():
        for row, target, value in _filled(grid):
            pair = (row, target, backbone) if of is None else (of, target, row)
            pairs.setdefault(pair, {})[name] = value
    return score_records(pairs, list(grids), lower, experiment)


def score_records(
    pairs: dict[tuple[str, str, str], dict[str, float]], measures: Sequence[str], lower: Iterable[str], experiment: str
) -> list[Record]:
    """One record for each pair (source, target, backbone), with the score of each of the measures that has one.

    Raises CatsError for an invalid name of a measure, and if `lower`, whose signs are changed, names another one.
    """
    turned = set(lower)
    for name in turned - set(measures):
        raise CatsError(f"'{name}' is a measure without scores, so its sign cannot be changed{nearest(name, measures)}")
    for name in measures:
        if not name.isidentifier():
            raise CatsError(f"'{name}' is not a valid name of a measure; letters, digits and _ are allowed")
    now = time.time()
    return [
        _score(pair, {name: -value if name in turned else value for name, value in scores.items()}, measures, experiment, now)
        for pair, scores in pairs.items()
    ]


def _score(
    pair: tuple[str, str, str], scores: dict[str, float], measures: Sequence[str], experiment: str, now: float
) -> Record:  # fmt: skip
    names = {"source": pair[0], "target": pair[1], "backbone": pair[2], "seed": UNKNOWN}
    key = digest(["imported scores", names, scores, list(measures)])
    silent = {name: "the imported file has no figure for this pair" for name in measures if name not in scores}
    return Record(
        kind="score", key=key, attempt=key, experiment=experiment, status="finished", point=digest(list(measures)), names=names,
        settings={"measures": ";".join(measures)}, facts={"imported": "scores", "reasons": json.dumps(silent)},
        validation={f"measure_{name}": value for name, value in scores.items()}, started=now, ended=now,
    )  # fmt: skip
