"""Wanted (-> Selection), Judging, of_plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from results.board.ranking import Impute
from results.statistics.influence import Images

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Judging:
    """How a board judges.

    Attributes:
        images: what the test images of a target do to its runs; without it intervals hold the luck of the seeds alone.
        noise: differences up to it are a tie. impute: what a pair that was not measured counts as in the mean ranks.
    """

    images: Images | None = None
    noise: float | None = None
    impute: Impute | None = None


SEEDS = Judging()


@dataclass(frozen=True)
class Wanted:
    """The cells a plan asks for: which runs count, and how many of them there should be.

    Attributes:
        refused, leaking: (source, target) that share images, with the reason; not run, or run and kept off the ranking.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    backbones: Sequence[str]
    seeds: Sequence[int]
    points: Sequence[str]
    refused: Mapping[tuple[str, str], str]
    leaking: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def apart(self) -> set[tuple[str, str]]:
        """The pairs that are never ranked."""
        return {*self.refused, *self.leaking}


def of_plan(frame: "pd.DataFrame", asked: "Wanted | None") -> "pd.DataFrame":
    """The runs of an experiment that a plan asks for: its cells, scores of its pairs, and the pretrainings below them.

    All of them where there is no plan.
    """
    if asked is None or not len(frame):
        return frame
    columns = ["source", "target", "backbone", "seed", "point"]
    runs = frame.reindex(columns=list(dict.fromkeys([*map(str, frame), *columns])))
    named = runs["source"].isin(asked.sources) & runs["backbone"].isin(asked.backbones)
    mine = named & runs["target"].isin(asked.targets)
    seeds = runs["seed"].isin([str(seed) for seed in asked.seeds]) & runs["point"].isin(asked.points)
    cells, scored = mine & seeds & (runs["kind"] == "cell"), mine & (runs["kind"] == "score")
    pretrainings = runs["kind"] == "pretraining"
    needed: set[str] = set()
    more = set(runs.loc[cells, "pretraining"].dropna()) | set(runs.loc[pretrainings & named, "key"])
    while more - needed:  # a pretraining may start from another
        needed |= more
        more = set(runs.loc[pretrainings & runs["key"].isin(needed), "pretraining"].dropna())
    return runs[cells | scored | (pretrainings & runs["key"].isin(needed))]
