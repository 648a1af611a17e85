"""What a plan asks a board for."""

from benchmark.execution.leakage import look
from benchmark.specs import catalogue
from benchmark.specs.cell import point_of
from benchmark.specs.plan import Plan
from results.board.request import Selection


def wanted(plan: Plan) -> Selection:
    """The cells of a plan, as boards look for them among all runs of an experiment."""
    points = [
        point_of(recipe, plan.rule, plan.subsample or catalogue.target(target).subsample)
        for recipe in plan.points()
        for target in plan.targets
    ]
    leaks = look(plan).leaks
    refused, leaking = ({}, leaks) if plan.allow_leakage else (leaks, {})
    names = plan.sources, plan.targets, plan.backbones
    return Selection(*names, plan.seeds, list(dict.fromkeys(points)), refused, leaking)
