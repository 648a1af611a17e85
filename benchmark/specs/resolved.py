"""A plan with everything that cats has looked up for it, so that listing its cells needs no files, server or network.

benchmark.execution.resolution looks it up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from benchmark.specs.cell import Cell
from benchmark.specs.lineage import Pair
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Recipe, flat, with_defaults
from benchmark.specs.source import Source
from benchmark.specs.start import Start
from benchmark.specs.target import Target
from results.board.candidates import Candidate
from results.board.sizes import PER_CLASS, TRAIN, images_text, size_of
from results.board.terms import Terms

Leaks = Mapping[Pair, str]  # pair → a sentence that says which images source and target share


@dataclass(frozen=True, kw_only=True)
class PlanPairs:
    """A plan with its sources and targets. A board needs no more; it needs no data and no weights.

    Attributes:
        plan: the plan as the user wrote it.
        points: the points of the recipe's grid.
        candidates: what is compared, in the order in which the cells of a target are run.
        sources: name → the source, then the sources that its pretraining starts from.
        targets: name → target.
        leaks: pairs that share images, each with the reason as a sentence.
        unknown: pairs whose images have not been compared yet.
    """

    plan: Plan
    points: tuple[Recipe, ...]
    candidates: tuple[Candidate, ...]
    sources: Mapping[str, tuple[Source, ...]]
    targets: Mapping[str, Target]
    leaks: Leaks
    unknown: tuple[Pair, ...] = ()

    def runs(self, source: str, target: str) -> bool:
        """Return whether the cells of a pair are run: the pair shares no images, or the plan allows shared images."""
        return self.plan.allow_leakage or (source, target) not in self.leaks

    def grid_point(self, settings: Mapping[str, str]) -> str:
        """Return what differs between the points of a target, as `lr 0.1, 50 training images`; empty if there is one point.

        `settings`: those of a cell, see benchmark.specs.cell.Cell.
        """
        points = [with_defaults(flat(point)) for point in self.points]
        varied = [name for name in points[0] if len({point[name] for point in points}) > 1]
        own = with_defaults(settings)
        shown = [f"{name} {own[name]}" for name in varied if name in own]
        if self.plan.subsample is not None and len(self.plan.subsample.train) > 1 and TRAIN in settings:
            shown.append(images_text(size_of(settings[TRAIN]), per_class=settings.get(PER_CLASS) == "True"))
        return ", ".join(shown)


@dataclass(frozen=True, kw_only=True)
class ResolvedPlan(PlanPairs):
    """A plan whose cells are known, because its data and weights have been looked up, too.

    Attributes:
        data: target → digest of its images and labels.
        starts: candidate → seed → start of the network; only for sources that are run on at least one target.
        absent: candidates that the plan names and leaves out, because their source has no weights; each with the reason.
        registry: address of the MLflow server that has the published weights; it may contain a password.
        terms: how `cats run --adaptive` decides which cells no answer needs; None: every cell is run. They enter no key.
        chosen: the cells that are run where not all combinations are (see benchmark.choosing); None means all.
    """

    data: Mapping[str, str]
    starts: Mapping[tuple[str, str], Mapping[int, Start]]
    absent: Mapping[tuple[str, str], str] = field(default_factory=dict)
    registry: str = field(repr=False)
    terms: Terms | None = None
    chosen: tuple[Cell, ...] | None = None

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
        if resolved.chosen is not None:
            yield from (cell for cell in resolved.chosen if (cell.source, cell.target) not in refused)
            return
        for target in plan.targets:
            open_pairs = [each for each in resolved.candidates if (each.source, target) not in refused]
            for subsample, (source, backbone) in product(resolved.targets[target].used(plan.subsample), open_pairs):
                for point in resolved.points:
                    for seed, start in resolved.starts[source, backbone].items():
                        yield Cell(
                            source=source, target=target, backbone=backbone, recipe=point, seed=seed, rule=plan.rule,
                            subsample=subsample, data=resolved.data[target], start=start,
                            leak=resolved.leaks.get((source, target)),
                        )  # fmt: skip
