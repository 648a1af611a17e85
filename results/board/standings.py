"""How the sources of each target compare, from the runs that count."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

import pandas as pd

from results.board.candidates import labels
from results.board.ranking import Standing, target_standing
from results.board.request import SEEDS, Judging, RunQuery
from results.error import OddRunError
from results.metrics import metric_of

Made = TypeVar("Made")


class Standings(NamedTuple):
    """The standing of the sources of each target, with what is to be said of it.

    Attributes:
        blind: target → why its test images are not counted.
        odd: sentences about runs that are left out because their predictions cannot be used.
    """

    by_target: dict[str, Standing]
    blind: dict[str, str]
    odd: list[str]


def without_odd_runs(
    runs: pd.DataFrame, make: Callable[[pd.DataFrame], Made], say: Callable[[str], object]
) -> tuple[Made, pd.DataFrame]:
    """What `make` makes of runs, and these runs, both without the runs whose predictions cannot be used.

    `say` gets a sentence about each of them. Raises OddRunError if no other run is left.
    """
    while True:
        try:
            return make(runs), runs
        except OddRunError as odd:
            rest = runs[runs["run_id"] != odd.run_id]
            if not 0 < len(rest) < len(runs):
                raise
            say(str(odd))
            runs = rest


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
        seed = f"{query.experiment}/{target}{what}"
        standing_of = partial(target_standing, name=seed, metric=query.metric, noise=judging.noise, images_of=judging.images)
        (standing, why), _ = without_odd_runs(here, standing_of, found.odd.append)
        found.by_target[str(target)] = standing
        if why is not None:
            found.blind[str(target)] = why
    return found


def oriented(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Target, seed, source as the board names it, run_id, and value, oriented so that higher is better."""
    values = runs[f"test_{metric}"] * metric_of(metric).sign
    sources = labels(runs, runs["backbone"].nunique() > 1)
    return runs[["target", "seed"]].assign(source=sources, value=values, run_id=runs.get("run_id"))
