"""A plan with everything that cats has looked up for it, so that listing its cells needs no files, server or network.

benchmark.execution.resolution looks it up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmark.specs.cell import Cell
from benchmark.specs.lineage import Pair
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Recipe, flat
from benchmark.specs.source import Source
from benchmark.specs.start import Start
from benchmark.specs.target import Target

Leaks = Mapping[Pair, str]  # pair → a sentence that says which images source and target share


@dataclass(frozen=True, kw_only=True)
class PlanPairs:
    """A plan with its sources and targets. A board needs no more; it needs no data and no weights.

    Attributes:
        plan: the plan as the user wrote it.
        points: the points of the recipe's grid.
        sources: name → the source, then the sources that its pretraining starts from.
        targets: name → target.
        leaks: pairs that share images, each with the reason as a sentence.
        unknown: pairs whose images have not been compared yet.
    """

    plan: Plan
    points: tuple[Recipe, ...]
    sources: Mapping[str, tuple[Source, ...]]
    targets: Mapping[str, Target]
    leaks: Leaks
    unknown: tuple[Pair, ...] = ()

    def runs(self, source: str, target: str) -> bool:
        """Return whether the cells of a pair are run: the pair shares no images, or the plan allows shared images."""
        return self.plan.allow_leakage or (source, target) not in self.leaks

    def grid_point(self, settings: Mapping[str, str]) -> str:
        """Return the settings that differ between the points of the grid, as `lr 0.1, epochs 5`; empty if there is one point.

        `settings`: those of a cell, see benchmark.specs.recipe.flat.
        """
        points = [flat(point) for point in self.points]
        varied = [name for name in points[0] if len({point[name] for point in points}) > 1]
        return ", ".join(f"{name} {settings[name]}" for name in varied if name in settings)


@dataclass(frozen=True, kw_only=True)
class ResolvedPlan(PlanPairs):
    """A plan whose cells are known, because its data and weights have been looked up, too.

    Attributes:
        data: target → digest of its images and labels.
        starts: (source, backbone) → seed → start of the network; only for sources that are run on at least one target.
        registry: address of the MLflow server that has the published weights; it may contain a password.
    """

    data: Mapping[str, str]
    starts: Mapping[tuple[str, str], Mapping[int, Start]]
    registry: str = field(repr=False)

    def cells(self) -> "PlanCells":
        """Return the cells of the plan; each loop over the result yields every cell once."""
        return PlanCells(self)


@dataclass(frozen=True)
class PlanCells:
    """The cells of a plan. Every loop makes them again, because a plan may have more cells than fit into memory."""

    resolved: ResolvedPlan

    def __iter__(self) -> Iterator[Cell]:
        """Yield the cells of one target after the other, so that its images stay on the device. Seeds vary fastest."""
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
