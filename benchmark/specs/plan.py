"""A plan as a user writes it: candidates, targets, a recipe and seeds. Its cells are all combinations of these."""

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from benchmark.core.numeric import LARGEST, Numeric
from benchmark.core.parse import ELSEWHERE, keys_within, parse, read_yaml
from benchmark.specs import catalogue
from benchmark.specs.budget import Budget
from benchmark.specs.candidates import brought, listed, sources_in
from benchmark.specs.data_sizes import PlanSubsample
from benchmark.specs.elsewhere import shipped_names
from benchmark.specs.lineage import lineage, related_pairs
from benchmark.specs.plan_file import plan_file
from benchmark.specs.plan_values import Names, name_list, pair_list, seed_list
from benchmark.specs.protocols import why_not_kept
from benchmark.specs.recipe import Recipe, recipe_names, recipe_points
from results.board.candidates import Candidate
from results.board.rules import PlanRule
from results.error import CatsError, nearest
from results.metrics import METRICS
from results.record import metric_name
from results.text.plain import fault_of_name, plain

CELLS = 1_000_000  # of one plan; all of them are listed before the first one starts


class Plan(Numeric):
    """What a user wants to compare.

    Attributes:
        experiment: the MLflow experiment that receives the records; by default the name of the plan file.
        sources, targets, backbones: names of entries, and of models of timm. A source that brings its own backbone is not
            combined with the backbones, which may be left out if every source brings its own.
        candidates: pairs of a source and a backbone, instead of sources and backbones.
        missing: whether a candidate without weights is an `error`, or is left out (`skip`) with a sentence.
        recipe: how every cell is trained: the name of a recipe, or a mapping of its fields.
        seeds: a list of seeds, or their number (3 means 0, 1, 2).
        subsample: how many images are used; by default the subsample of the target. Several numbers of training images are an
            axis of the plan.
        pretraining: fields of the pretraining recipe that apply to every source of this plan.
        pretraining_seed: the seed of a pretraining that all seeds share; with None every seed has its own pretraining.
        rule: decides which epoch of a run is restored and which point of a grid counts, by validation images only.
            `within_one_se` takes the last epoch whose loss is at most one standard error above the smallest loss (defined in
            training/epoch_choice.py); of a probe the strongest such penalty, of a grid the smallest loss.
        metric: the test metric of the board.
        measures: the measures that `cats score` computes; an empty list means all measures.
        country: ISO code (three letters) of the country whose electricity is used.
        budget: limits of what the plan may use; they change no outcome.
        keep: whether the trained networks of new cells are stored: `none`, `all` of them, or the `best`, which are those of the
            source that the board puts first on each target. `cats keep` makes classifiers of them; no outcome changes.
        allow_leakage: also run pairs that share images; boards keep these pairs off the ranking.
    """

    experiment: str = Field(min_length=1)
    sources: Names = ()
    targets: Names
    backbones: Names = ()
    candidates: Annotated[tuple[Candidate, ...], BeforeValidator(pair_list)] = ()
    missing: Literal["error", "skip"] = "error"
    recipe: str | dict[str, Any] = Field(default_factory=dict)
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, le=LARGEST, strict=True)], ...], BeforeValidator(seed_list)] = (0, 1, 2)
    subsample: PlanSubsample | None = None
    pretraining: dict[str, Any] = {}
    pretraining_seed: int | None = 0
    rule: PlanRule = "min_val_loss"
    metric: str = "auc"
    measures: Annotated[tuple[str, ...], BeforeValidator(name_list)] = ()
    country: str = Field("NLD", pattern="^[A-Z]{3}$")
    budget: Budget = Budget()
    keep: Literal["none", "best", "all"] = "none"
    allow_leakage: bool = False

    @field_validator("sources", "targets", "backbones", "candidates", "seeds")
    @classmethod
    def _once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values:
            raise ValueError("the list is empty; it needs at least one value")
        twice = next((value for value, times in Counter(values).items() if times > 1), None)
        if twice is not None:
            raise ValueError(f"'{twice}' is given twice")
        return values

    @field_validator("experiment")
    @classmethod
    def _can_be_named(cls, name: str) -> str:
        fault = fault_of_name(name)
        if fault:
            raise ValueError(f"'{name}' {fault}; write a name of visible characters, such as our_first_plan")
        return name

    @field_validator("measures")
    @classmethod
    def _different(cls, measures: tuple[str, ...]) -> tuple[str, ...]:
        seen: dict[str, str] = {}
        for name in measures:
            other = seen.setdefault(metric_name(name), name)
            if other != name or measures.count(name) > 1:
                same = "is given twice" if other == name else f"and '{other}' have one name in MLflow; name one of them"
                raise ValueError(f"'{name}' {same}")
        return measures

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, metric: str) -> str:
        if metric not in METRICS:
            raise ValueError(f"there is no metric '{metric}'{nearest(metric, METRICS)}")
        return metric

    @model_validator(mode="after")
    def _one_way(self) -> "Plan":
        given = [name for name in ("sources", "backbones") if getattr(self, name)]
        if self.candidates and given:
            raise ValueError(
                f"`candidates` and `{given[0]}` are given; a plan names either `candidates`, or `sources` and `backbones`"
            )
        if not self.candidates and not self.sources:
            raise ValueError("the key 'sources' is missing; name `sources` and `backbones`, or `candidates`")
        return self

    def limited(self, **limits: float | None) -> "Plan":
        """Return this plan with other limits in its budget; None keeps the plan's limit. Raises CatsError for a bad value."""
        return self.model_copy(update={"budget": self.budget.replaced(limits)})


# A recipe is parsed without the plan that holds it, and a plan without knowing what its recipe may hold.
ELSEWHERE[Plan] = {f"recipe.{path}": key for path, key in keys_within(Recipe).items()} | {"recipe.base": "base"}
ELSEWHERE[Recipe] = {f"the key {path} of the plan, outside of recipe": key for path, key in keys_within(Plan).items()}


def own_backbones(plan: Plan, where: str = "") -> dict[str, str | None]:
    """Return for each source of a plan the backbone that it brings; None if it brings none.

    Raises CatsError for a name without an entry; `where` is the end of the sentence.
    """
    names = plan.sources or sources_in(plan.candidates)
    for name in names:
        catalogue.source(name, where)
    return {name: brought(lineage(name)) for name in names}


def require_networks(plan: Plan, path: str) -> None:
    """Raises CatsError if a plan is to keep networks and none of its cells leaves one."""
    reasons = [why_not_kept(point.protocol) for point in recipe_points(plan.recipe, path)]
    if plan.keep != "none" and all(reasons):
        raise CatsError(f"{path}: keep is '{plan.keep}', but all cells are of {reasons[0]}; write `keep: none`")


def assumed_country(country: str, named: Collection[str]) -> list[str]:
    """The sentence that a plan names no country, so that another one is taken; nothing if the fields that it names hold one."""
    if "country" in named:
        return []
    return [f"the plan names no country, so CO2e is that of electricity in {country}; write `country: XYZ` for yours"]


def plan_names() -> list[str]:
    """Return the names of the plans that ship with cats-bench."""
    return shipped_names("plans")


def is_plan(name: str) -> bool:
    """Return whether an argument of a command names a plan: a YAML file, or a plan that ships with cats-bench."""
    return name in plan_names() or name.endswith((".yaml", ".yml"))


def load_plan(name: str) -> Plan:
    """Read the plan in the file `name`, or the shipped plan of that name, and look up every entry that it names.

    No server is asked. Raises CatsError if there is no such plan, or if a key, a value or the name of an entry is wrong.
    """
    path = plan_file(name)
    plan = parse(Plan, {"experiment": path.stem, **read_yaml(path)}, str(path))
    return looked_up(plan, str(path))


def plan_from(content: Plan | dict[str, Any]) -> Plan:
    """A plan of a program, as an object or as a mapping of its keys, with every entry looked up that it names.

    A mapping has to name its `experiment`, as no file gives it a name. Raises CatsError for a wrong key, value or name.
    """
    where = "the plan"
    return looked_up(content if isinstance(content, Plan) else parse(Plan, content, where), where)


def looked_up(plan: Plan, path: str) -> Plan:
    """The plan, once every entry that it names has been looked up. `path`: the beginning of the sentences about it.

    Raises CatsError if it names an entry that does not exist, or cannot be run.
    """
    try:
        _look_up(plan, path)
    except CatsError as error:
        raise (error if plain(path) in str(error) else CatsError(*(f"{path}: {each}" for each in error.args))) from None
    return plan


def _look_up(plan: Plan, path: str) -> None:
    """Raises CatsError if the plan holds an unknown name, names the same images twice, or has no pair that may run."""
    own = own_backbones(plan, f" in {path}")
    candidates = listed(plan.candidates, own, plan.backbones)
    targets = {name: catalogue.target(name, f" in {path}") for name in plan.targets}
    for name in plan.measures:
        catalogue.measure(name, f" in {path}")
    first_of: dict[str, str] = {}  # a data set → the first target with this data set
    for name, target in targets.items():
        twin = first_of.setdefault(target.dataset.model_dump_json(), name)
        if twin != name:
            raise CatsError(f"{path}: targets {twin} and {name} are the same images; name only one of them")
    base = plan.recipe if isinstance(plan.recipe, str) else plan.recipe.get("base")
    if base is not None and base not in recipe_names():
        raise CatsError(f"{path}: there is no recipe '{base}'{catalogue.not_found(base, 'recipes', recipe_names())}")
    cells = len(recipe_points(plan.recipe, path))
    require_networks(plan, path)
    sizes = (None,) if plan.subsample is None else plan.subsample.train
    for values in (candidates, plan.targets, plan.seeds, sizes):
        cells *= len(values)
    if cells > CELLS:
        raise CatsError(f"{path} has {cells:,} cells; {CELLS:,} are allowed: divide it into several plans")
    recipe_points({"base": "pretraining", **plan.pretraining}, f"{path}: pretraining")
    related = dict(related_pairs({name: lineage(name) for name in own}, targets, None))
    if not plan.allow_leakage and len(related) == len(own) * len(plan.targets):
        raise CatsError(f"{path} has no cell to run: {'; '.join(dict.fromkeys(related.values()))}")
