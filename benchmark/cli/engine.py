"""Which engine `cats run` takes, as its options say."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from results.error import CatsError

if TYPE_CHECKING:
    from benchmark.execution.engine import Engine
    from benchmark.specs.plan import Plan


class EngineName(StrEnum):
    """Who makes the cells."""

    local = "local"
    dask = "dask"


EngineOption = Annotated[EngineName, typer.Option("--engine", help="dask has workers make the cells, see the README.")]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler that runs, as tcp://host:8786; else one starts here.")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Workers to start here; else one per GPU, or one per two cores.")
]


def engine_of(name: EngineName, device: str, scheduler: str | None, workers: int | None, plan: "Plan") -> "Engine":
    """The engine that was asked for. Raises CatsError if the options contradict each other, or if nobody answers."""
    if name is EngineName.local:
        if scheduler is not None or workers is not None:
            raise CatsError(f"{'--workers' if scheduler is None else '--scheduler'} needs --engine dask")
        from benchmark.execution.engine import Local

        return Local(device)
    if scheduler is not None and workers is not None:
        raise CatsError("--workers starts workers here; those of a --scheduler start by themselves, see `dask worker --help`")
    from benchmark.execution.cluster.engine import Dask
    from benchmark.execution.cluster.scheduler import check_scheduler

    if scheduler is not None:
        check_scheduler(scheduler)  # before the images of a plan are looked at, which may take long
    return Dask(device, scheduler, workers, pretrains(plan))


def pretrains(plan: "Plan") -> bool:
    """Whether a source of the plan is to be pretrained here."""
    from benchmark.specs import catalogue

    return any(catalogue.source(name).kind == "pretraining" for name in plan.sources)
