"""Options of `cats run` that choose the engine."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import PROCESSES

if TYPE_CHECKING:
    from benchmark.execution.engine import Engine, EngineOptions
    from benchmark.specs.plan import Plan

LOCAL = "local"
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Engine that runs the cells: local (this process), dask (workers) or that of another package.",
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Address of a running Dask scheduler, such as tcp://host:8786; by default one starts here."
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(parser=PROCESSES, help="Number of workers to start here; by default one per GPU, or one per two cores."),
]


def engine_of(name: str, options: "EngineOptions", plan: "Plan") -> "Engine":
    """Return the engine for a plan; whether the plan pretrains is added to the options.

    Raises CatsError for an unknown name, for options that contradict each other, or if the scheduler does not answer.
    """
    from benchmark.execution.engine_catalogue import engine_named

    return engine_named(name, replace(options, pretrains=pretrains(plan)))


def pretrains(plan: "Plan") -> bool:
    """Return whether the plan pretrains a source."""
    from benchmark.specs import catalogue

    return any(catalogue.source(name).kind == "pretraining" for name in plan.sources)
