"""The cells of a plan as a filter for the runs of an experiment."""

from benchmark.specs.cell import point_of
from benchmark.specs.resolved import PlanPairs
from results.board.request import Selection


def selection_of(pairs: PlanPairs) -> Selection:
    """The cells of a plan, as boards look for them among all runs of an experiment. Needs no data and no weights."""
    plan = pairs.plan
    subsamples = [plan.subsample or target.subsample for target in pairs.targets.values()]
    points = [point_of(recipe, plan.rule, subsample) for recipe in pairs.points for subsample in subsamples]
    refused, leaking = ({}, pairs.leaks) if plan.allow_leakage else (pairs.leaks, {})
    names = plan.sources, plan.targets, plan.backbones
    return Selection(*names, plan.seeds, list(dict.fromkeys(points)), refused, leaking)
