"""The cells of a plan as a filter for the runs of an experiment."""

from benchmark.specs.cell import point_of
from benchmark.specs.resolved import PlanPairs
from results.board.request import Selection


def selection_of(pairs: PlanPairs) -> Selection:
    """Return the filter by which boards find the cells of a plan among all runs of an experiment. Needs no data."""
    plan = pairs.plan
    subsamples = [plan.subsample or target.subsample for target in pairs.targets.values()]
    points = [point_of(recipe, plan.rule, subsample) for recipe in pairs.points for subsample in subsamples]
    refused, leaking = ({}, pairs.leaks) if plan.allow_leakage else (pairs.leaks, {})
    names = plan.sources, plan.targets, plan.backbones
    return Selection(*names, plan.seeds, list(dict.fromkeys(points)), refused, leaking)
