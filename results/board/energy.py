"""The energy of every pair of a board, with its share of pretrainings."""

import pandas as pd

from results.board.versions import chain_of
from results.tracking.cost_columns import spent


def energy_of(frame: pd.DataFrame, cells: pd.DataFrame) -> dict[tuple[str, str], float | None]:
    """(source, target) → kWh of all attempts, failed ones too, and an equal share of each pretraining that they start from."""
    total: dict[tuple[str, str], float | None] = {
        (str(s), str(t)): spent(kwh) for (s, t), kwh in cells.groupby(["source", "target"])["kwh"]
    }
    pretrainings = frame[frame["kind"] == "pretraining"]
    parents = dict(zip(pretrainings["key"], pretrainings["pretraining"], strict=True))  # a pretraining may start from another
    users: dict[str, set[tuple[str, str]]] = {}
    start_from = cells[["source", "target", "pretraining"]].dropna(subset=["pretraining"]).drop_duplicates()
    for source, target, first in start_from.itertuples(index=False, name=None):
        for key in chain_of(first, parents):
            users.setdefault(key, set()).add((str(source), str(target)))
    for key, pairs in users.items():
        cost = spent(pretrainings.loc[pretrainings["key"] == key, "kwh"])
        for pair in pairs:
            before = total[pair]
            total[pair] = None if before is None or cost is None else before + cost / len(pairs)
    return total
