"""A plan, as a person writes it: sources, targets, backbones, recipes and seeds. Its cells are all their combinations."""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from benchmark.core.parse import parse, read_yaml
from benchmark.data.split import Subsample
from benchmark.specs import catalogue
from benchmark.specs.budget import Budget
from benchmark.specs.lineage import lineage, related_pairs
from benchmark.specs.recipe import recipe_points
from results.board.rules import PlanRule
from results.error import CatsError, nearest
from results.metrics import METRICS
from results.record import Frozen


def _seeds(value: Any) -> Any:
    """Seeds from their number or their list."""
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
    def _once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values:
            raise ValueError("the list is empty; it needs at least one value")
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise ValueError(f"'{twice}' is given twice")
        return values

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, given: str) -> str:
        if given not in METRICS:
            raise ValueError(f"there is no metric '{given}'{nearest(given, METRICS)}")
        return given

    def limited(self, **limits: float | None) -> "Plan":
        """This plan with another budget: each limit that is not None replaces its own. Raises CatsError for a bad value."""
        return self.model_copy(update={"budget": self.budget.replaced(limits)})


def plan_names() -> list[str]:
    """The plans that ship with cats-bench."""
    folder = resources.files("benchmark").joinpath("plans")
    return sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml"))


def is_plan(given: str) -> bool:
    """Whether what a person gave names a plan: a YAML file, or a plan that ships with cats-bench."""
    return given in plan_names() or given.endswith((".yaml", ".yml"))


def load_plan(given: str) -> Plan:
    """The plan in a file, or the shipped plan of that name.

    Every name in it is looked up among the entries, so that a wrong plan starts nothing. No server is asked. Raises CatsError.
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
    """Look up every name that the plan holds. Raises CatsError for one that is unknown, and if no pair is left to run."""
    for name in plan.sources:
        catalogue.source(name, f" in {path}")
    targets = {name: catalogue.target(name, f" in {path}") for name in plan.targets}
    for name in plan.measures:
        catalogue.measure(name, f" in {path}")
    first_of: dict[str, str] = {}  # a data set → the target that names it first
    for name, target in targets.items():
        twin = first_of.setdefault(target.dataset.model_dump_json(), name)
        if twin != name:
            raise CatsError(f"{path}: targets {twin} and {name} are the same images; name one of them")
    recipe_points(plan.recipe, str(path))
    recipe_points({"base": "pretraining", **plan.pretraining}, f"{path}: pretraining")
    related = dict(related_pairs({name: lineage(name) for name in plan.sources}, targets, None))
    if not plan.allow_leakage and len(related) == len(plan.sources) * len(plan.targets):
        raise CatsError(f"{path} has no cell left: {'; '.join(dict.fromkeys(related.values()))}")
