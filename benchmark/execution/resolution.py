"""Everything that a command has to know about a plan, looked up once: entries, images that are shared, data and weights."""

from collections.abc import Mapping

from benchmark.execution.leakage import compared
from benchmark.specs import catalogue
from benchmark.specs.lineage import lineage, related_pairs
from benchmark.specs.model_registry import described
from benchmark.specs.plan import Plan
from benchmark.specs.resolve import starts_of
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from benchmark.specs.start import Start
from results.error import CatsError
from results.tracking.change_counter import absolute


def resolve_pairs(plan: Plan, registry: str) -> PlanPairs:
    """Look up the sources and targets of a plan, and the pairs that share images as far as they have been compared.

    Reads no images and no weights. `registry` is the address of the MLflow server that published weights are looked up at.
    Raises CatsError for an unknown name, or if the server does not have the published weights that the plan names.
    """
    sources = {name: tuple(described(link, registry) for link in lineage(name)) for name in plan.sources}
    targets = {name: catalogue.target(name) for name in plan.targets}
    return compared(PlanPairs(plan, sources, targets, dict(related_pairs(sources, targets, registry))))


def resolve_plan(plan: Plan, tracking_uri: str) -> ResolvedPlan:
    """Look up what decides the cells of a plan: besides its pairs, the digests of images and what each network starts from.

    Raises CatsError if data or weights are missing, or if two sources give a backbone the same weights.
    """
    registry = absolute(tracking_uri)  # a worker in another working directory must find the same database
    pairs = resolve_pairs(plan, registry)
    data = {name: target.dataset.digest() for name, target in pairs.targets.items()}
    run = [name for name in plan.sources if any(pairs.runs(name, target) for target in plan.targets)]
    starts = {
        (name, backbone): starts_of(plan, pairs.sources[name], backbone, registry)
        for backbone in plan.backbones
        for name in run
    }
    _check_distinct(starts)
    return ResolvedPlan(pairs, data, starts, registry)


def _check_distinct(starts: Mapping[tuple[str, str], Mapping[int, Start]]) -> None:
    first_of: dict[str, str] = {}  # key of a start → the first source that gives it
    for (name, backbone), by_seed in starts.items():
        for start in by_seed.values():
            twin = first_of.setdefault(start.key, name)
            if twin != name:
                raise CatsError(f"sources {twin} and {name} give {backbone} the same weights; name one of them")
