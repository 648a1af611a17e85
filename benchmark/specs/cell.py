"""A cell: source, target, backbone, one point of the recipe and seed. A cell with the same key is trained only once."""

from collections.abc import Iterable
from functools import cached_property, lru_cache

from benchmark.core.trainer_version import TRAINER
from benchmark.data.split import Subsample
from benchmark.specs.recipe import Recipe, at_default, flat
from benchmark.specs.start import Start
from results.board.rules import PlanRule
from results.files.digest import digest
from results.record import Frozen


class Cell(Frozen):
    """Everything that a machine needs to know to train and test one network, and nothing else.

    Attributes:
        data: digest of the target's images and labels.
        start: the weights that the network starts from.
        leak: a sentence that says which images source and target share. It keeps the cell off the ranking; no outcome changes.
    """

    source: str
    target: str
    backbone: str
    recipe: Recipe
    seed: int
    rule: PlanRule
    subsample: Subsample
    data: str
    start: Start
    leak: str | None = None

    @cached_property
    def point(self) -> str:
        """The digest of how the cell is trained, see point_of."""
        return point_of(self.recipe, self.rule, self.subsample)

    @property
    def settings(self) -> dict[str, str]:
        """Every field of the recipe and of the subsample, as records have them."""
        return flat(self.recipe) | {f"subsample.{name}": str(value) for name, value in self.subsample.model_dump().items()}

    @property
    def defaults(self) -> tuple[str, ...]:
        """Names of the settings that have the default of their field."""
        unused = {f"subsample.{name}": str(field.default) for name, field in Subsample.model_fields.items()}
        settings = self.settings
        return at_default(settings) + tuple(name for name, value in unused.items() if settings[name] == value)

    @cached_property
    def key(self) -> str:
        """sha256 of everything that decides the outcome. No path, device, number of workers or time enters the key."""
        return digest([self.point, self.backbone, self.start.key, self.data, self.seed])

    def __str__(self) -> str:
        return f"{self.source} → {self.target}, {self.backbone}, seed {self.seed}"


def point_of(recipe: Recipe, rule: PlanRule, subsample: Subsample) -> str:
    """Return the digest of how a cell is trained. A board compares only cells with the same digest."""
    return _point(TRAINER, recipe, rule, subsample)


def points_of(recipes: Iterable[Recipe], rule: PlanRule, subsample: Subsample) -> frozenset[str]:
    """Return the digests of how the cells of a target are trained, one for each point of the grid, see `point_of`."""
    return frozenset(point_of(recipe, rule, subsample) for recipe in recipes)


@lru_cache(maxsize=4096)  # thousands of cells differ only in seed and source
def _point(trainer: int, recipe: Recipe, rule: PlanRule, subsample: Subsample) -> str:
    return digest([trainer, recipe.model_dump(mode="json"), rule, subsample.model_dump(mode="json")])
