"""The cells of a plan as a filter for the runs of an experiment."""

from collections.abc import Mapping

from benchmark.data.identity import known_digest
from benchmark.specs.cell import point_of
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from results.board.request import Selection


def selection_of(pairs: PlanPairs) -> Selection:
    """Return the filter by which boards find the cells of a plan among all runs of an experiment. Needs no data."""
    plan = pairs.plan
    subsamples = [plan.subsample or target.subsample for target in pairs.targets.values()]
    points = [point_of(recipe, plan.rule, subsample) for recipe in pairs.points for subsample in subsamples]
    refused, leaking = ({}, pairs.leaks) if plan.allow_leakage else (pairs.leaks, {})
    names = plan.sources, plan.targets, plan.backbones
    return Selection(*names, plan.seeds, list(dict.fromkeys(points)), refused, leaking, _data_of(pairs))


def _data_of(pairs: PlanPairs) -> Mapping[str, str]:
    """Target → digest of its data, of those that are known."""
    if isinstance(pairs, ResolvedPlan):
        return pairs.data
    digests = {name: known_digest(target.dataset) for name, target in pairs.targets.items()}
    return {name: known for name, known in digests.items() if known is not None}
