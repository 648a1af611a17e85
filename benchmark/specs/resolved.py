"""A plan with everything that was looked up for it once, so that its cells are listed without files, server or network.

execution/resolution.py makes both classes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmark.specs.cell import Cell
from benchmark.specs.lineage import Pair
from benchmark.specs.plan import Plan
from benchmark.specs.source import Source
from benchmark.specs.start import Start
from benchmark.specs.target import Target

Leaks = Mapping[Pair, str]  # what a source and a target share, one sentence


@dataclass(frozen=True)
class PlanPairs:
    """The sources and targets of a plan, and which pairs share images. Enough for a board, which needs no data and no weights.

    Attributes:
        plan: as it is written.
        sources: name → the source, then the sources that its pretraining starts from.
        targets: name → target.
        leaks: pairs that share images, each with the reason.
        unknown: pairs whose images have not been compared yet.
    """

    plan: Plan
    sources: Mapping[str, tuple[Source, ...]]
    targets: Mapping[str, Target]
    leaks: Leaks
    unknown: tuple[Pair, ...] = ()

    def runs(self, source: str, target: str) -> bool:
        """Whether the cells of a pair are made: it shares no images, or the plan allows that."""
        return self.plan.allow_leakage or (source, target) not in self.leaks


@dataclass(frozen=True)
class ResolvedPlan:
    """A plan whose cells are known.

    Attributes:
        data: target → digest of its images and labels.
        starts: (source, backbone) → seed → what the network starts from; of the sources that are run on any target.
        registry: address of the MLflow server that published weights are looked up at.
    """

    pairs: PlanPairs
    data: Mapping[str, str]
    starts: Mapping[tuple[str, str], Mapping[int, Start]]
    registry: str = field(repr=False)  # it may hold a password

    @property
    def written(self) -> Plan:
        """The plan as a person wrote it."""
        return self.pairs.plan

    def cells(self) -> Iterator[Cell]:
        """Every cell once, ordered so that a target stays on the device; cells that differ only in the seed are neighbours."""
        plan, pairs, points = self.written, self.pairs, self.written.points()
        for target in plan.targets:
            subsample = plan.subsample or pairs.targets[target].subsample
            for backbone in plan.backbones:
                for source in (name for name in plan.sources if pairs.runs(name, target)):
                    leak = pairs.leaks.get((source, target))
                    for point in points:
                        for seed, start in self.starts[source, backbone].items():
                            yield Cell(
                                source=source, target=target, backbone=backbone, recipe=point, seed=seed, rule=plan.rule,
                                subsample=subsample, data=self.data[target], start=start, leak=leak,
                            )  # fmt: skip
