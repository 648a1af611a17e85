"""The cells behind the arms of a policy: a source with a setting is a cell of a plan for each seed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from benchmark.choosing.settings import Settings
from benchmark.specs.cell import Cell
from benchmark.specs.recipe import Recipe
from benchmark.specs.resolved import ResolvedPlan
from benchmark.specs.start import chain
from results.choosing.policy import Arm


@dataclass(frozen=True)
class Arms:
    """All cells that a choice may make.

    Attributes:
        resolved: the plan of all combinations of sources, settings and seeds.
        settings: what can be tried with every source.
    """

    resolved: ResolvedPlan
    settings: Settings

    @staticmethod
    def of(resolved: ResolvedPlan, settings: Settings) -> "Arms":
        """The arms of a plan, whose recipe is replaced by the settings."""
        return Arms(replace(resolved, points=tuple(settings.recipes.values())), settings)

    @property
    def sources(self) -> tuple[str, ...]:
        """The candidates that share no images with the target, in the order of the plan."""
        target = self.resolved.plan.targets[0]
        return tuple(source for source, _ in self.resolved.candidates if self.resolved.runs(source, target))

    @cached_property
    def cells(self) -> Mapping[tuple[Arm, int], Cell]:
        """(arm, seed) → the cell."""
        names: Mapping[Recipe, str] = {recipe: name for name, recipe in self.settings.recipes.items()}
        return {(Arm(cell.source, names[cell.recipe]), cell.seed): cell for cell in self.resolved.cells()}

    @cached_property
    def by_key(self) -> Mapping[str, tuple[Arm, int]]:
        """Key of a cell → its arm and seed."""
        return {cell.key: place for place, cell in self.cells.items()}

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all cells and of the pretrainings that these start from."""
        starts = {cell.start for cell in self.cells.values()}
        return frozenset({*self.by_key, *(link.key for start in starts for link in chain(start) if link.recipe is not None)})

    def some(self, cells: tuple[Cell, ...]) -> ResolvedPlan:
        """The plan that runs only these cells."""
        return replace(self.resolved, chosen=cells)
