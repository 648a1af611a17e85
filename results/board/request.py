"""What a board, a comparison or an agreement is about: which runs, by which metric and rule, and how they are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from results.board.candidates import are_of
from results.board.ranking import Impute
from results.board.sizes import DataSize, of_size, size_text, stated_size
from results.statistics.influence import TestImageInfluence

CHOICES = "choose-"  # begins the names of the experiments of `cats choose`


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
        candidates: pairs of a source and a backbone, which are compared.
        points: digests of recipe, rule and subsample, see results.record.Record.
        refused, leaking: (source, target) pairs that share images, with the reason. Refused pairs are not run; leaking pairs
            are run and kept off the ranking.
        data: target → digest of its data and split, as far as known without reading them.
        starts: candidate → the keys of what its networks start from, as far as known without reading weights.
        costly: pairs for whose starts all files of a data set must be listed; asked for only where the runs have several.
        own_points: target → the points of its cells, where targets differ in them because their entries state a subsample of
            their own; a target that is not named has all `points`.
        absent: candidate → why the plan leaves it out on this machine: its source has no weights for its backbone.
        sizes: of a plan with several numbers of training images: number → target → points. The points above are then those of
            the number `size`.
        numbers: of training images, as the plan or the entries of its targets state them.
    """

    candidates: Sequence[tuple[str, str]]
    targets: Sequence[str]
    seeds: Sequence[int]
    points: Sequence[str]
    refused: Mapping[tuple[str, str], str]
    leaking: Mapping[tuple[str, str], str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    costly: frozenset[tuple[str, str]] = frozenset()
    own_points: Mapping[str, frozenset[str]] = field(default_factory=dict)
    absent: Mapping[tuple[str, str], str] = field(default_factory=dict)
    sizes: Mapping[DataSize, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    size: DataSize = None
    numbers: Sequence[DataSize] = ()

    @property
    def sources(self) -> list[str]:
        """The sources of the candidates, each once."""
        return list(dict.fromkeys(source for source, _ in self.candidates))

    @property
    def backbones(self) -> list[str]:
        """The backbones of the candidates, each once."""
        return list(dict.fromkeys(backbone for _, backbone in self.candidates))

    def points_of(self, target: str) -> frozenset[str]:
        """The points of the plan's cells on a target, whether they have a run or not."""
        return self.own_points.get(target, frozenset(self.points))

    def of_size(self, size: DataSize) -> "Selection":
        """The cells with one of several numbers of training images."""
        own = self.sizes[size]
        return replace(self, points=sorted(frozenset[str]().union(*own.values())), own_points=own, size=size)

    @property
    def of_every_size(self) -> "Selection":
        """The cells with any of several numbers of training images, which no board compares."""
        own = {target: frozenset[str]().union(*(each[target] for each in self.sizes.values())) for target in self.own_points}
        return replace(self, points=sorted(frozenset[str]().union(*own.values())), own_points=own) if self.sizes else self

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
        size: without a selection, the number of training images of the runs that count, as a person writes it; None: any.
    """

    experiment: str
    metric: str = "auc"
    rule: str = "min_val_loss"
    selection: Selection | None = None
    size: str | None = None

    def of_size(self, size: DataSize) -> "RunQuery":
        """The query of the cells with one of several numbers of training images."""
        if self.selection is None:
            return replace(self, size=size_text(size))
        return replace(self, selection=self.selection.of_size(size))

    @property
    def of_every_size(self) -> "RunQuery":
        """The query of the cells with any of several numbers of training images, which no board compares."""
        return self if self.selection is None else replace(self, selection=self.selection.of_every_size)

    @property
    def maker(self) -> str:
        """The command that makes the cells of the query, as a sentence names it."""
        return maker_of(self.experiment) if self.selection is None else "`cats run`"

    @property
    def apart(self) -> set[tuple[str, str]]:
        """The (source, target) pairs that the plan knows to share images."""
        return set() if self.selection is None else self.selection.apart


def maker_of(experiment: str) -> str:
    """The command that makes the runs of an experiment, as a sentence names it."""
    return "`cats choose`" if experiment.startswith(CHOICES) else "`cats run`"


def runs_of_query(frame: pd.DataFrame, query: RunQuery) -> pd.DataFrame:
    """The runs of a query: those of its selection; without one all runs, of whose cells those with its number of images count.

    Raises CatsError if the query states a number of training images that no cell has.
    """
    runs = runs_of_selection(frame, query.selection)
    if query.selection is not None or query.size is None or not len(runs):
        return runs
    cells = runs["kind"] == "cell"
    mine = of_size(runs[cells], stated_size(query.size), query.experiment)
    return runs[~cells | runs.index.isin(mine.index)]


def runs_of_selection(frame: pd.DataFrame, selection: Selection | None) -> pd.DataFrame:
    """The runs of a plan: its cells, the scores of its pairs, and the pretrainings that they start from.

    Without a selection, all runs.
    """
    if selection is None or not len(frame):
        return frame
    columns = ["source", "target", "backbone", "seed", "point"]
    runs = frame.reindex(columns=list(dict.fromkeys([*map(str, frame), *columns])))
    named = are_of(runs, selection.candidates)
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
