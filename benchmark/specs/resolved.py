"""A plan with everything that was looked up for it once, so that its cells are listed without files, server or network.

Made by benchmark.execution.resolution.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmark.specs.cell import Cell
from benchmark.specs.lineage import Pair
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Recipe
from benchmark.specs.source import Source
from benchmark.specs.start import Start
from benchmark.specs.target import Target

Leaks = Mapping[Pair, str]  # what a source and a target share, one sentence


@dataclass(frozen=True, kw_only=True)
class PlanPairs:
    """A plan whose sources and targets are looked up. Enough for a board, which needs no data and no weights.

    Attributes:
        plan: as a person wrote it.
        points: the points of the recipe's grid.
        sources: name → the source, then the sources that its pretraining starts from.
        targets: name → target.
        leaks: pairs that share images, each with the reason.
        unknown: pairs whose images have not been compared yet.
    """

    plan: Plan
    points: tuple[Recipe, ...]
    sources: Mapping[str, tuple[Source, ...]]
    targets: Mapping[str, Target]
    leaks: Leaks
    unknown: tuple[Pair, ...] = ()

    def runs(self, source: str, target: str) -> bool:
        """Whether the cells of a pair are made: it shares no images, or the plan allows that."""
        return self.plan.allow_leakage or (source, target) not in self.leaks


@dataclass(frozen=True, kw_only=True)
class ResolvedPlan(PlanPairs):
    """A plan whose cells are known: data and weights are looked up, too.

    Attributes:
        data: target → digest of its images and labels.
        starts: (source, backbone) → seed → what the network starts from; of the sources that are run on any target.
        registry: address of the MLflow server that published weights are looked up at; it may hold a password.
    """

    data: Mapping[str, str]
    starts: Mapping[tuple[str, str], Mapping[int, Start]]
    registry: str = field(repr=False)

    def cells(self) -> "PlanCells":
        """Every cell once, as often as one loops over them."""
        return PlanCells(self)


@dataclass(frozen=True)
class PlanCells:
    """The cells of a plan. They are made again in every loop: a plan may have more of them than fit into memory."""

    resolved: ResolvedPlan

    def __iter__(self) -> Iterator[Cell]:
        """In an order that keeps a target on the device; cells that differ only in the seed are neighbours."""
        resolved, plan = self.resolved, self.resolved.plan
        refused = {} if plan.allow_leakage else resolved.leaks
        for target in plan.targets:
            subsample = plan.subsample or resolved.targets[target].subsample
            for backbone in plan.backbones:
                for source in (name for name in plan.sources if (name, target) not in refused):
                    for point in resolved.points:
                        for seed, start in resolved.starts[source, backbone].items():
                            yield Cell(
                                source=source, target=target, backbone=backbone, recipe=point, seed=seed, rule=plan.rule,
                                subsample=subsample, data=resolved.data[target], start=start,
                                leak=resolved.leaks.get((source, target)),
                            )  # fmt: skip
