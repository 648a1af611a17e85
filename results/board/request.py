"""What a board, a comparison or an agreement is about: which runs, by which metric and rule, and how they are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from results.board.ranking import Impute
from results.statistics.influence import TestImageInfluence


@dataclass(frozen=True)
class Judging:
    """How a board judges.

    Attributes:
        images: the influence of the test images of a target; without it intervals hold the sampling error of the seeds alone.
        noise: differences up to this one are a tie.
        impute: which source of its target a pair that was not measured counts as in the mean ranks.
    """

    images: TestImageInfluence | None = None
    noise: float | None = None
    impute: Impute | None = None


SEEDS = Judging()


@dataclass(frozen=True)
class Selection:
    """The cells of a plan: which runs of its experiment count, and how many of them there should be.

    Attributes:
        points: digests of recipe, rule and subsample, see results.record.Record.
        refused, leaking: (source, target) pairs that share images, with the reason. Refused pairs are not run; leaking pairs
            are run and kept off the ranking.
        data: target → digest of its data and split, as far as known without reading them.
        starts: (source, backbone) → the keys of what its networks start from, as far as known without reading weights.
        costly: pairs for whose starts all files of a data set must be listed; asked for only where the runs have several.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    backbones: Sequence[str]
    seeds: Sequence[int]
    points: Sequence[str]
    refused: Mapping[tuple[str, str], str]
    leaking: Mapping[tuple[str, str], str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    costly: frozenset[tuple[str, str]] = frozenset()

    @property
    def apart(self) -> set[tuple[str, str]]:
        """The (source, target) pairs that are never ranked."""
        return {*self.refused, *self.leaking}


@dataclass(frozen=True)
class RunQuery:
    """Which runs of an experiment count, and by which metric they are judged.

    Attributes:
        metric: name of a test metric, see results.metrics.
        rule: name of the rule that chooses among the points of a grid, see results.board.rules.
        selection: the cells of a plan. Without it all finished cells of the experiment count.
    """

    experiment: str
    metric: str = "auc"
    rule: str = "min_val_loss"
    selection: Selection | None = None

    @property
    def apart(self) -> set[tuple[str, str]]:
        """The (source, target) pairs that the plan knows to share images."""
        return set() if self.selection is None else self.selection.apart


def runs_of_selection(frame: pd.DataFrame, selection: Selection | None) -> pd.DataFrame:
    """The runs of a plan: its cells, the scores of its pairs, and the pretrainings that they start from.

    Without a selection, all runs.
    """
    if selection is None or not len(frame):
        return frame
    columns = ["source", "target", "backbone", "seed", "point"]
    runs = frame.reindex(columns=list(dict.fromkeys([*map(str, frame), *columns])))
    named = runs["source"].isin(selection.sources) & runs["backbone"].isin(selection.backbones)
    mine = named & runs["target"].isin(selection.targets)
    seeds = runs["seed"].isin([str(seed) for seed in selection.seeds]) & runs["point"].isin(selection.points)
    cells, scored = mine & seeds & (runs["kind"] == "cell"), mine & (runs["kind"] == "score")
    pretrainings = runs["kind"] == "pretraining"
    needed: set[str] = set()
    more = set(runs.loc[cells, "pretraining"].dropna()) | set(runs.loc[pretrainings & named, "key"])
    while more - needed:  # a pretraining may start from another
        needed |= more
        more = set(runs.loc[pretrainings & runs["key"].isin(needed), "pretraining"].dropna())
    return runs[cells | scored | (pretrainings & runs["key"].isin(needed))]
