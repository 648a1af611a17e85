"""What tells two cells of one source, target, backbone and seed apart: the values of the settings in which they differ."""

from collections.abc import Sequence

import pandas as pd

from results.tracking.frame import ALWAYS

SAME = ("source", "target", "backbone", "seed")  # what the titles of cells say anyway
NOT_SETTINGS = frozenset({*SAME, *ALWAYS, "measures"})


def settings_apart(cells: pd.DataFrame) -> list[str]:
    """Of each cell the settings in which it differs from others of the same source, target, backbone and seed.

    Such as `lr=3e-05, weight_decay=0.01`; empty where it differs in none. Cells that were run twice do not differ. A setting
    that a record does not hold, as those of older versions, is not named.

    cells: finished ones, with a column of texts for each setting; see results.tracking.experiment.Experiment.frame.
    """
    columns = [name for name in map(str, cells) if name not in NOT_SETTINGS and _holds_texts(cells[name])]
    group = cells.groupby([name for name in SAME if name in cells], dropna=False).ngroup()
    texts = [""] * len(cells)
    for name in columns:
        if cells[name].nunique() < 2:
            continue
        several = cells[name].groupby(group).transform("nunique") > 1
        values = cells[name].where(several)
        added = [f"{name}={value}" if isinstance(value, str) else "" for value in values]
        texts = [", ".join(filter(None, both)) for both in zip(texts, added, strict=True)]
    return texts


def _holds_texts(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column) and any(isinstance(value, str) for value in column)


def titled(names: Sequence[object], apart: object) -> str:
    """The title of a cell: source, target, backbone and seed, and behind them what tells it apart."""
    source, target, backbone, seed = names
    more = f", {apart}" if isinstance(apart, str) and apart else ""
    return f"{source} → {target}, {backbone}, seed {seed}{more}"
