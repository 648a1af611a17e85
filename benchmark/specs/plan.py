"""A plan names sources, targets, backbones, recipes and seeds; its cells are all their combinations."""

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from benchmark.core.parse import parse, read_yaml
from benchmark.data.split import Subsample
from benchmark.specs import catalogue
from benchmark.specs.budget import Budget
from benchmark.specs.cell import Cell
from benchmark.specs.lineage import lineage
from benchmark.specs.recipe import Recipe, recipe_points
from benchmark.specs.resolve import start_of
from benchmark.specs.start import Start
from results.board.rules import PlanRule
from results.error import CatsError, nearest
from results.metrics import METRICS
from results.record import Frozen

Leaks = Mapping[tuple[str, str], str]  # (source, target): what they share, one sentence


def _seeds(value: Any) -> Any:
    """How many, or which."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return list(range(value))
    if not isinstance(value, list | tuple):  # pydantic takes ValueError only
        raise ValueError(f"{value!r} is neither a number of seeds from 1 on nor a list of seeds such as [0, 1, 2]")  # noqa: TRY004
    return value


def _listed(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{value!r} is no list of names; write it like [one, other]")
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Plan(Frozen):
    """What to compare, as a person writes it.

    Attributes:
        experiment: the MLflow experiment; by default the name of the plan file.
        seeds: a list, or how many (3 means 0, 1, 2).
        rule: which epoch of a run is restored, and which point of a grid counts. Looks at validation images only.
            within_one_se: the last epoch whose loss is at most one standard error above the smallest (training/epoch_choice.py
            says of what), of a probe the simplest such strength, of a grid the smallest loss.
        pretraining: fields of the pretraining recipe that hold for every source of this plan.
        pretraining_seed: one pretraining shared by all seeds; null pretrains anew for every seed.
        measures: what `cats score` computes; all there are if it is empty.
        country: ISO code, three letters, whose electricity is used.
        budget: what the plan may take; decides nothing in any outcome.
        allow_leakage: also run pairs that share images; boards keep them off the ranking.
    """

    experiment: str = Field(min_length=1)
    sources: Names
    targets: Names
    backbones: Names
    recipe: str | dict[str, Any] = Field(default_factory=dict)
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, strict=True)], ...], BeforeValidator(_seeds)] = (0, 1, 2)
    subsample: Subsample | None = None
    pretraining: dict[str, Any] = {}
    pretraining_seed: int | None = 0
    rule: PlanRule = "min_val_loss"
    metric: str = "auc"
    measures: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    country: str = Field("NLD", pattern="^[A-Z]{3}$")
    budget: Budget = Budget()
    allow_leakage: bool = False

    @field_validator("sources", "targets", "backbones", "seeds")
    @classmethod
    def _once(cls, given: tuple[Any, ...]) -> tuple[Any, ...]:
        if not given:
            raise ValueError("the list is empty; it needs at least one value")
        twice = next((name for name in given if given.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"'{twice}' is given twice")
        return given

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, given: str) -> str:
        if given not in METRICS:
            raise ValueError(f"there is no metric '{given}'{nearest(given, METRICS)}")
        return given

    def limited(self, **limits: float | None) -> "Plan":
        """This plan with another budget: each limit that is given (not None) replaces its own. Raises CatsError."""
        return self.model_copy(update={"budget": self.budget.replaced(limits)})

    def points(self) -> list[Recipe]:
        """The points of the recipe's grid."""
        return recipe_points(self.recipe, f"plan '{self.experiment}'")

    def related(self) -> dict[tuple[str, str], str]:
        """(source, target) pairs of one family of data sets, each with a sentence that says so."""
        pairs = {}
        for name in self.sources:
            for goal in self.targets:
                dataset = catalogue.target(goal).dataset
                family = dataset.relatives
                links = lineage(name)
                shared = next((link.name for link in links if link.knows(family) or dataset.name in link.seen), None)
                if shared is not None:
                    same = f"{shared} and {goal} are of one family of data sets, '{family}'"
                    pairs[name, goal] = "they are the same images" if shared == goal else same
        return pairs

    def refused(self) -> dict[tuple[str, str], str]:
        """The pairs of one family, unless the plan allows leakage. What is measured comes from benchmark.execution.leakage."""
        return {} if self.allow_leakage else self.related()

    def cells(self, leaks: Leaks | None = None) -> Iterator[Cell]:
        """Every cell once, ordered so that a target stays on the device; cells that differ in the seed alone stand together.

        `leaks` are the pairs that share images, with the reason (execution.leakage); without it, those of one family.
        """
        leaks, points = self.related() if leaks is None else leaks, self.points()
        known: dict[str, str] = {}  # what cells start from → the source that gives it
        for goal in self.targets:
            target = catalogue.target(goal)
            data, subsample = target.dataset.digest(), self.subsample or target.subsample
            for backbone in self.backbones:
                for name in self.sources:
                    leak = leaks.get((name, goal))
                    if leak is not None and not self.allow_leakage:
                        continue
                    starts = self.starts(name, backbone)
                    for start in starts.values():
                        twin = known.setdefault(start.key, name)
                        if twin != name:
                            raise CatsError(f"sources {twin} and {name} give {backbone} the same weights; name one of them")
                    for point in points:
                        for seed, start in starts.items():
                            yield Cell(
                                source=name, target=goal, backbone=backbone, recipe=point, seed=seed, rule=self.rule,
                                subsample=subsample, data=data, start=start, leak=leak,
                            )  # fmt: skip

    def start(self, source: str, backbone: str, seed: int) -> Start:
        """What the network of a cell starts from."""
        shared = self.pretraining_seed if catalogue.source(source).kind == "pretraining" else None
        return start_of(source, backbone, seed if shared is None else shared, self.pretraining)

    def starts(self, source: str, backbone: str) -> dict[int, Start]:
        """Seed → start, for every seed. Ready weights, and a pretraining that is shared, are looked up once."""
        first = self.start(source, backbone, self.seeds[0])
        own = first.kind == "random" or (first.kind == "pretraining" and self.pretraining_seed is None)
        return {seed: self.start(source, backbone, seed) if own else first for seed in self.seeds}


def plan_names() -> list[str]:
    """The plans that ship with cats-bench."""
    folder = resources.files("benchmark").joinpath("plans")
    return sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml"))


def load_plan(given: str) -> Plan:
    """The plan in a file, or the shipped plan of that name.

    Every name in it is looked up, so that a wrong plan starts nothing. Raises CatsError.
    """
    if given in plan_names():
        path = Path(str(resources.files("benchmark").joinpath("plans", f"{given}.yaml")))
    else:
        path = Path(given)
        if not path.is_file() and path.suffix not in {".yaml", ".yml"}:
            raise CatsError(f"there is no plan file '{given}', and no plan of that name{nearest(given, plan_names())}")
    plan = parse(Plan, {"experiment": path.stem, **read_yaml(path)}, str(path))
    try:
        _look_up(plan, path)
    except CatsError as error:
        raise (error if str(path) in str(error) else CatsError(f"{path}: {error}")) from None
    return plan


def _look_up(plan: Plan, path: Path) -> None:
    """Every name that the plan holds."""
    for name in plan.sources:
        catalogue.source(name, f" in {path}")
    for name in plan.targets:
        catalogue.target(name, f" in {path}")
    for name in plan.measures:
        catalogue.measure(name, f" in {path}")
    known: dict[str, str] = {}
    for name in plan.targets:
        twin = known.setdefault(catalogue.target(name).dataset.model_dump_json(), name)
        if twin != name:
            raise CatsError(f"{path}: targets {twin} and {name} are the same images; name one of them")
    recipe_points(plan.recipe, str(path))
    recipe_points({"base": "pretraining", **plan.pretraining}, f"{path}: pretraining")
    refused = plan.refused()
    if len(refused) == len(plan.sources) * len(plan.targets):
        raise CatsError(f"{path} has no cell left: {'; '.join(dict.fromkeys(refused.values()))}")
