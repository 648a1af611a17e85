"""The engine of `cats run`, as its options say."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmark.execution.engine import Engine
    from benchmark.specs.plan import Plan

LOCAL = "local"
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine", metavar="NAME", help="What runs the cells: local (this process), dask (workers) or one of another package."
    ),
]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A running Dask scheduler, as tcp://host:8786; else one starts here.")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Workers to start here; else one per GPU, or one per two cores.")
]


def engine_of(name: str, device: str, scheduler: str | None, workers: int | None, plan: "Plan") -> "Engine":
    """The engine for a plan. Raises CatsError for an unknown name, contradicting options or a silent scheduler."""
    from benchmark.execution.engine import EngineOptions
    from benchmark.execution.engine_catalogue import engine_named

    return engine_named(name, EngineOptions(device, scheduler, workers, pretrains=pretrains(plan)))


def pretrains(plan: "Plan") -> bool:
    """Whether the plan pretrains a source."""
    from benchmark.specs import catalogue

    return any(catalogue.source(name).kind == "pretraining" for name in plan.sources)
