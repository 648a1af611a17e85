"""A long table of anybody's figures, checked: one row for each figure, and columns that say whose it is."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.error import CatsError, nearest
from results.imports.names import require_different, require_name
from results.metrics import HIGHEST, IMPORTED, METRICS, Metric

TABLE = "the table"
NUMBERS = (int, float, np.integer, np.floating)
UNBOUNDED = (-np.inf, np.inf)


@dataclass(frozen=True)
class Columns:
    """The columns of a long table: what is compared, on what, by which figure, and what tells repetitions apart."""

    item: str
    task: str
    metric: str
    seed: str | None = None

    @property
    def keys(self) -> list[str]:
        """The columns that say whose figure a row is."""
        return [self.item, self.task, *([self.seed] if self.seed is not None else [])]


def metric_in(name: str, *, higher: bool) -> Metric:
    """The metric of a column. Raises CatsError if the direction of a metric that is known is another one."""
    known = METRICS.get(name) or IMPORTED.get(name)
    if known is None:
        return Metric(name, None, None, bounds=UNBOUNDED, higher_is_better=higher)
    if known.higher_is_better != higher:
        better = "higher" if known.higher_is_better else "lower"
        other = f"write higher={known.higher_is_better}, or rename the column if it is another figure"
        raise CatsError(f"of the metric '{name}' {better} is better; {other}")
    return known


def checked(table: pd.DataFrame, columns: Columns, metric: Metric, taken: Iterable[str]) -> pd.DataFrame:
    """The columns source, target, seed and value, the last oriented so that higher is better.

    `taken`: names that no column of the table may have. Raises CatsError for what cannot be judged; rows are counted from 0.
    """
    _require_columns(table, columns, frozenset(taken))
    rows = pd.DataFrame(
        {
            "source": _names(table, columns.item),
            "target": _names(table, columns.task),
            "seed": "" if columns.seed is None else _filled(table, columns.seed).map(str),
            "value": _figures(table, columns.metric, metric) * metric.sign,
        }
    ).reset_index(drop=True)
    _require_once(rows, columns)
    return rows


def _require_columns(table: pd.DataFrame, columns: Columns, taken: frozenset[str]) -> None:
    if not isinstance(table, pd.DataFrame):
        raise CatsError(f"judge takes a DataFrame of pandas with one figure in each row, not {type(table).__name__}")
    if table.columns.nlevels > 1:
        raise CatsError(f"{TABLE} has columns of {table.columns.nlevels} levels; give each column one name")
    named = [*columns.keys, columns.metric]
    for name in named:
        if named.count(name) > 1:
            raise CatsError(f"the column '{name}' is named for two things; item, task, metric and seed are different columns")
        if name not in table:
            level = name in table.index.names
            hint = "; it is a level of the index: call .reset_index() first" if level else nearest(str(name), map(str, table))
            raise CatsError(f"{TABLE} has no column '{name}'{hint}")
        if list(table.columns).count(name) > 1:
            raise CatsError(f"{TABLE} has two columns '{name}'; rename one of them")
    clash = next((name for name in (columns.item, columns.task) if name in taken), None)
    if clash is not None:
        raise CatsError(f"the result has a column '{clash}' of its own; rename this column of {TABLE}")
    if not len(table):
        raise CatsError(f"{TABLE} has no row")


def _filled(table: pd.DataFrame, name: str, more: str = "") -> pd.Series:
    """A column. Raises CatsError if a value is missing."""
    empty = np.flatnonzero(table[name].isna().to_numpy())
    if len(empty):
        others = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        drop = f"drop such rows with .dropna(subset=['{name}'])"
        raise CatsError(f"{TABLE}: row {empty[0]} (counted from 0){others} has no '{name}'; {drop}{more}")
    return table[name]


def _names(table: pd.DataFrame, name: str) -> pd.Series:
    """A column as names. Raises CatsError for names that nobody could tell apart."""
    column = _filled(table, name)
    odd = next((each for each in column if not isinstance(each, Hashable)), None)
    if odd is not None:
        raise CatsError(f"{TABLE}: the '{name}' {str(odd)[:40]} is a {type(odd).__name__}, which names nothing; write a text")
    names = column.map(str).str.strip()
    for text in names.unique():
        require_name(text, f"{TABLE}: the '{name}'")
    require_different(names.unique(), f"{TABLE}: the column '{name}'")
    kinds = column.groupby(names.to_numpy()).nunique()
    if (kinds > 1).any():
        raise CatsError(
            f"{TABLE}: the column '{name}' writes '{kinds.idxmax()}' in two ways, such as 1 and '1'; write it in one"
        )
    return names


def _figures(table: pd.DataFrame, name: str, metric: Metric) -> pd.Series:
    """The figures. Raises CatsError for what is no number inside the bounds of the metric, or is beyond HIGHEST."""
    column = _filled(table, name, "; a pair without a row counts as not measured")
    wrong = [each for each in column if isinstance(each, bool | np.bool_) or not isinstance(each, NUMBERS)]
    if wrong:
        example = str(wrong[0])[:40]
        raise CatsError(f"{TABLE}: '{name}' holds '{example}', which is no number; convert the column with pd.to_numeric")
    figures = column.astype(float)
    low, high = metric.bounds
    values = figures.to_numpy()
    odd = np.flatnonzero(~((np.abs(values) <= HIGHEST) & (low <= values) & (values <= high)))
    if len(odd):
        value = figures.iloc[odd[0]]
        bounds = (
            f"{name} lies between {low:g} and {high:g}"
            if np.isfinite(low)
            else f"figures lie between {-HIGHEST:g} and {HIGHEST:g}"
        )
        percent = "; divide figures in percent by 100" if np.isfinite(high) and high < value <= 100 * high else ""
        raise CatsError(f"{TABLE}: row {odd[0]} (counted from 0) has '{name}' {value:g}, and {bounds}{percent}")
    return figures


def _require_once(rows: pd.DataFrame, columns: Columns) -> None:
    """Raises CatsError if two rows are about the same."""
    keys = ["source", "target", "seed"]
    double = rows.duplicated(keys, keep=False)
    if not double.any():
        return
    source, target, seed = rows[keys].to_numpy()[int(double.to_numpy().argmax())]
    same = np.flatnonzero((rows[keys] == [source, target, seed]).all(axis=1).to_numpy())
    what = f"'{source}' on '{target}'" + ("" if columns.seed is None else f" with {columns.seed} {seed}")
    apart = "name the column that tells repetitions apart with seed=..., or keep one row of each pair"
    remedy = apart if columns.seed is None else "keep one of them"
    raise CatsError(f"{TABLE}: rows {same[0]} and {same[1]} (counted from 0) are both of {what}; {remedy}")
