"""Looks up everything that a command must know about a plan: entries, shared images, data and weights."""

from collections.abc import Mapping, Sequence

from benchmark.data.identity import data_digest
from benchmark.data.listed import listed_once
from benchmark.execution.leakage import find_leaks
from benchmark.specs import catalogue
from benchmark.specs.candidates import brought_by, listed, sources_in
from benchmark.specs.lineage import lineage, related_pairs
from benchmark.specs.model_registry import described
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import recipe_points
from benchmark.specs.resolve import start_of
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from benchmark.specs.source import NoWeightsError, Source
from benchmark.specs.start import Start
from benchmark.specs.target import Target
from results.board.candidates import Candidate
from results.error import CatsError
from results.metrics import METRICS
from results.tracking.change_counter import absolute


def resolve_pairs(plan: Plan, tracking_uri: str) -> PlanPairs:
    """Look up the sources and targets of a plan, and the pairs that are already known to share images.

    Reads no images and no weights. `tracking_uri` is the address of the MLflow server with the published weights. Raises
    CatsError for an unknown name, for a metric that no target has, or if the server does not have the published weights that
    the plan names.
    """
    registry = absolute(tracking_uri)
    sources = {
        name: tuple(described(link, registry) for link in lineage(name)) for name in plan.sources or sources_in(plan.candidates)
    }
    candidates = listed(plan.candidates, brought_by(sources), plan.backbones)
    targets = {name: catalogue.target(name) for name in plan.targets}
    _check_metric(plan.metric, targets)
    related = dict(related_pairs(sources, targets, registry))
    points = tuple(recipe_points(plan.recipe, f"plan '{plan.experiment}'"))
    return find_leaks(
        PlanPairs(plan=plan, points=points, candidates=candidates, sources=sources, targets=targets, leaks=related)
    )


def resolve_plan(plan: Plan, tracking_uri: str) -> ResolvedPlan:
    """Look up everything that decides the cells of a plan: its pairs, the digests of its images and the starts of its networks.

    Raises CatsError if data or weights are missing, unless the plan leaves out what has no weights, or if two sources give a
    backbone the same weights.
    """
    pairs = resolve_pairs(plan, tracking_uri)
    registry = absolute(tracking_uri)  # a worker in another working directory must find the same database
    run = {
        name for name in pairs.sources if plan.allow_leakage or any((name, goal) not in pairs.leaks for goal in plan.targets)
    }
    with listed_once([]):
        data = {name: data_digest(target.dataset) for name, target in pairs.targets.items()}
        starts, absent = _starts_of_all(pairs, [each for each in pairs.candidates if each.source in run], registry)
    _check_distinct(starts)
    found = {**vars(pairs), "candidates": tuple(each for each in pairs.candidates if each not in absent)}
    return ResolvedPlan(**found, data=data, starts=starts, absent=absent, registry=registry)


Starts = dict[tuple[str, str], dict[int, Start]]


def _starts_of_all(
    pairs: PlanPairs, candidates: Sequence[Candidate], registry: str
) -> tuple[Starts, dict[tuple[str, str], str]]:
    """Return the starts of the candidates, and the candidates that have no weights, each with the reason.

    Raises CatsError if the plan does not leave such candidates out, or if no candidate is left.
    """
    plan, starts, absent = pairs.plan, Starts(), dict[tuple[str, str], str]()
    for candidate in candidates:
        name, backbone = candidate
        try:
            starts[candidate] = starts_of(plan, pairs.sources[name], backbone, registry)
        except NoWeightsError as error:
            named = str(error).startswith(f"source {name} has no weights for {backbone}")
            absent[candidate] = str(error) if named else f"source {name} has no weights for {backbone}: {error}"
    if absent:  # a backbone that does not exist has no weights either, and is never left out
        from benchmark.specs.backbones import check_backbones

        check_backbones([backbone for _, backbone in absent], brought_by({name: pairs.sources[name] for name, _ in absent}))
    if absent and plan.missing == "error":
        raise CatsError(*absent.values())
    if absent and not starts:
        reasons = "; ".join(absent.values())
        raise CatsError(f"plan '{plan.experiment}' has no candidate to run, because `missing: skip` leaves out all: {reasons}")
    return starts, absent


def starts_of(plan: Plan, links: Sequence[Source], backbone: str, registry: str) -> dict[int, Start]:
    """Return seed → start of the networks of a source, for every seed of a plan; `links` and `registry` as for start_of.

    Ready weights, and a pretraining that all seeds share, are looked up only once.
    """
    pretrained = links[0].kind == "pretraining"
    shared = plan.pretraining_seed if pretrained else None
    first = start_of(links, backbone, plan.seeds[0] if shared is None else shared, plan.pretraining, registry)
    if links[0].kind == "weights" or shared is not None:
        return dict.fromkeys(plan.seeds, first)
    return {seed: start_of(links, backbone, seed, plan.pretraining, registry) for seed in plan.seeds}


def _check_metric(metric: str, targets: Mapping[str, Target]) -> None:
    """Refuse a plan whose board would stay empty, before its cells are run."""
    tasks = {name: target.dataset.task for name, target in targets.items()}
    allowed = METRICS[metric].tasks
    if not set(tasks.values()) & set(allowed):
        which = ", ".join(f"{name} ({task})" for name, task in tasks.items())
        raise CatsError(f"the metric '{metric}' is for {' or '.join(allowed)} targets; the plan has only {which}")


def _check_distinct(starts: Mapping[tuple[str, str], Mapping[int, Start]]) -> None:
    first_of: dict[str, str] = {}  # key of a start → the first source that gives it
    for (name, backbone), by_seed in starts.items():
        for start in by_seed.values():
            twin = first_of.setdefault(start.key, name)
            if twin != name:
                raise CatsError(f"sources {twin} and {name} give {backbone} the same weights; name one of them")
