"""How the sources of each target compare, from the runs that count."""

from typing import NamedTuple

import pandas as pd

from results.board.ranking import Standing, target_standing
from results.board.request import SEEDS, Judging, RunQuery
from results.error import OddRunError
from results.metrics import metric_of


class Standings(NamedTuple):
    """The standing of the sources of each target, with what is to be said of it.

    Attributes:
        blind: target → why its test images are not counted.
        odd: sentences about runs that are left out because their predictions cannot be used.
    """

    by_target: dict[str, Standing]
    blind: dict[str, str]
    odd: list[str]


def standings_of(runs: pd.DataFrame, query: RunQuery, judging: Judging = SEEDS) -> Standings:
    """The standings of the runs that count (see board.judged_runs) and do not leak.

    A source is named with its backbone where there are several.
    """
    return standings_by_target(oriented(runs, query.metric)[runs["leaks"].isna()], query, judging)


def standings_by_target(table: pd.DataFrame, query: RunQuery, judging: Judging, what: str = "") -> Standings:
    """The standings of a table, see `oriented`. `what` tells apart several standings of one target.

    Raises OddRunError if no run of a target has predictions that can be used.
    """
    found = Standings({}, {}, [])
    for target, here in table.groupby("target"):
        name = str(target)
        while name not in found.by_target:
            try:
                seed = f"{query.experiment}/{name}{what}"
                standing, why = target_standing(here, seed, query.metric, judging.noise, judging.images)
            except OddRunError as odd:
                here = here[here["run_id"] != odd.run_id]  # noqa: PLW2901 - without one run
                if not len(here):
                    raise
                found.odd.append(str(odd))
            else:
                found.by_target[name] = standing
                if why is not None:
                    found.blind[name] = why
    return found


def oriented(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Target, seed, source as the board names it, run_id, and value, oriented so that higher is better."""
    values = runs[f"test_{metric}"] * metric_of(metric).sign
    sources = labels(runs, runs["backbone"].nunique() > 1)
    return runs[["target", "seed"]].assign(source=sources, value=values, run_id=runs.get("run_id"))


def labels(cells: pd.DataFrame, several: bool) -> pd.Series:
    """The source; with its backbone where the board shows several."""
    source = cells["source"].astype(str)
    return source if not several else source + " on " + cells["backbone"].astype(str)
