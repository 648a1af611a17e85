"""The engine for a plan."""

from dataclasses import replace

from benchmark.execution.engine import Engine, EngineOptions
from benchmark.specs.plan import Plan


def engine_of(name: str, options: EngineOptions, plan: Plan) -> Engine:
    """Return the engine for a plan; whether the plan pretrains is added to the options.

    Raises CatsError for an unknown name, for options that contradict each other, or if the scheduler does not answer.
    """
    from benchmark.execution.engine_catalogue import engine_named

    return engine_named(name, replace(options, pretrains=pretrains(plan)))


def pretrains(plan: Plan) -> bool:
    """Return whether the plan pretrains a source."""
    from benchmark.specs import catalogue
    from benchmark.specs.candidates import sources_in

    return any(catalogue.source(name).kind == "pretraining" for name in plan.sources or sources_in(plan.candidates))
