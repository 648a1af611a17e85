"""Checks figures of other people before they become scores: missing values, infinity, percent, and the bounds of a metric.

Nothing is dropped or divided unless its author says so: the sentence counts the cells and names the option.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.error import CatsError
from results.metrics import HIGHEST, Metric
from results.text.counts import share_of

SLACK = 1e-9  # of a bound, for figures that were rounded


@dataclass(frozen=True)
class Ways:
    """How to say in a sentence the place of a figure, and what its author may declare: of a matrix or of a table of runs."""

    percent: str
    missing: str


IN_MATRIX = Ways("--percent", "--missing {}")
IN_TABLE = Ways("`percent: [{}]` in the map", "`missing: [{}]` in the map")


def without_missing(figures: pd.DataFrame, missing: Collection[float]) -> pd.DataFrame:
    """The figures with NaN in place of the values that their author declares as missing."""
    return figures.mask(figures.isin(list(missing))) if missing else figures


def require_finite(figures: pd.DataFrame, where: str, ways: Ways) -> None:
    """Raises CatsError if a figure is infinite; NaN is a figure that is not there."""
    endless = np.isinf(figures.to_numpy(dtype=float))
    if endless.any():
        value = figures.to_numpy(dtype=float)[endless][0]
        infinity = ".inf" if ways is IN_TABLE else "inf"  # as YAML writes it
        missing = ways.missing.format(f"-{infinity}" if value < 0 else infinity)
        raise CatsError(
            f"{where}: {_counted(figures, endless)} infinite, the first in {_first(figures, endless)}; "
            f"correct them, or declare {missing} if they mark what is missing"
        )


def as_shares(figures: pd.DataFrame, name: str, where: str) -> pd.DataFrame:
    """Figures in percent as shares. Raises CatsError if they are none: no figure is above 1."""
    highest = float(figures.max().max())
    if not highest > 1:
        raise CatsError(f"{where}: {name} is said to be in percent, but no figure is above 1 (the highest is {highest:g})")
    return figures / 100


def require_bounds(figures: pd.DataFrame, metric: Metric, name: str, where: str, ways: Ways) -> None:
    """Raises CatsError if a figure is outside the bounds of its metric, with what its author may declare.

    `name`: that of the figures, such as `val_auc`.
    """
    low, high = max(metric.bounds[0], -HIGHEST), min(metric.bounds[1], HIGHEST)  # boards leave out what is beyond
    values = figures.to_numpy(dtype=float)
    outside = (values < low - SLACK * max(1, abs(low))) | (values > high + SLACK)
    if not outside.any():
        return
    wrong = values[outside]
    hints = []
    if high == 1 and wrong.max() > 1 and values[np.isfinite(values)].max() <= 100 and wrong.min() >= -100:
        hints.append(f"{ways.percent.format(name)} if they are in percent")
    if len(set(wrong)) == 1 and wrong[0] < low:
        hints.append(f"{ways.missing.format(f'{wrong[0]:g}')} if {wrong[0]:g} marks what is missing")
    declare = f"; declare {', or '.join(hints)}" if hints else ""
    raise CatsError(
        f"{where}: {_counted(figures, outside)} outside the bounds of {name}, {low:g} to {high:g}, the first, {wrong[0]:g}, in "
        f"{_first(figures, outside)}{declare}"
    )


def _counted(figures: pd.DataFrame, chosen: np.ndarray) -> str:
    return share_of(int(chosen.sum()), int(figures.notna().to_numpy().sum()), "figures", "is", "are")


def _first(figures: pd.DataFrame, chosen: np.ndarray) -> str:
    row, column = (int(place[0]) for place in np.nonzero(chosen))
    return f"row {_quoted(figures.index[row])} and column {_quoted(figures.columns[column])}"


def _quoted(name: Hashable) -> str:
    return f"'{name}'" if isinstance(name, str) else str(name)
