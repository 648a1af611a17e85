"""What a person asks `cats choose`: the target, and within which limits a source is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.core.parse import parse, read_yaml
from benchmark.models.place import named_folder
from benchmark.specs import catalogue
from benchmark.specs.budget import Budget
from benchmark.specs.plan import Plan
from benchmark.specs.protocols import why_not_kept
from benchmark.specs.recipe import Recipe, recipe_names, recipe_points
from results.board.candidates import Candidate
from results.board.rules import PlanRule
from results.choosing.policy import DEFAULT, policy_named
from results.error import CatsError

RECIPE = "fast"
RULE: PlanRule = "within_one_se"  # the early stop of the recipe `fast`
SEEDS = 3
WHERE = "cats choose"


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        target: name of a target's entry.
        sources: candidates by name; empty means those whose weights lie on this machine.
        backbone: a name of timm; None means the backbone of most of these weights.
        recipe: a shipped recipe, or a YAML file of recipe keys; the settings that are tried are changes of it.
        policy: name of the policy that chooses what is tried next.
        seeds: the first one is that of all runs; the finalists get the others too.
        budget: limits of what the choice may use.
        experiment: the MLflow experiment; by default named after the target, and after the recipe if a person names one.
        country: ISO code of three letters, for the carbon intensity.
        keep: whether the trained network of the winner is stored.
    """

    target: str
    sources: tuple[str, ...] = ()
    backbone: str | None = None
    recipe: str = RECIPE
    policy: str = DEFAULT
    seeds: tuple[int, ...] = tuple(range(SEEDS))
    budget: Budget = field(default_factory=Budget)
    experiment: str = ""
    country: str = "NLD"
    keep: bool = True

    @cached_property
    def written(self) -> str | dict[str, Any]:
        """The recipe as a plan writes it. Raises CatsError for an unknown name, and for a file that holds no mapping."""
        if self.recipe in recipe_names():
            return self.recipe
        if Path(self.recipe).suffix in {".yaml", ".yml"}:
            return read_yaml(Path(self.recipe))
        hint = catalogue.not_found(self.recipe, "recipes", recipe_names())
        raise CatsError(f"there is no recipe '{self.recipe}', and no file of that name that ends in .yaml{hint}")

    @property
    def recipe_name(self) -> str:
        """How sentences name the recipe."""
        return self.recipe if isinstance(self.written, str) else Path(self.recipe).stem

    def points(self) -> list[Recipe]:
        """The points of the recipe. Raises CatsError for an unknown recipe, key or value."""
        return recipe_points(self.written, WHERE if isinstance(self.written, str) else self.recipe)

    def require_names(self) -> None:
        """Raises CatsError for the name of a target, source, recipe or policy that does not exist. Looks at no data."""
        catalogue.target(self.target)
        for name in self.sources:
            catalogue.source(name)
        self.points()
        policy_named(self.policy)

    def plan(self, candidates: Sequence[Candidate]) -> Plan:
        """The plan whose cells are run: all combinations of these candidates with the recipe, on the target.

        Raises CatsError for values that no plan may have.
        """
        keeps = self.keep and not all(why_not_kept(point.protocol) for point in self.points())
        content = {
            "experiment": self.experiment or self._usual_experiment(),
            "candidates": list(candidates), "targets": [self.target], "recipe": self.written,
            "seeds": list(self.seeds), "rule": RULE, "country": self.country, "keep": "all" if keeps else "none",
        }  # fmt: skip
        return parse(Plan, content, WHERE).model_copy(update={"budget": self.budget})

    def _usual_experiment(self) -> str:
        """One experiment for each target and recipe, so that a later call continues an earlier one, and a board can compare."""
        from results.board.request import CHOICES  # here, because it loads scipy, and a wrong name is said before

        name = f"{CHOICES}{named_folder(self.target).name}"
        return name if self.recipe == RECIPE else f"{name}-{named_folder(self.recipe_name).name}"
