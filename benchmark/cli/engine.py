"""The options of `cats run` that choose an engine."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from results.error import CatsError

if TYPE_CHECKING:
    from benchmark.execution.engine import Engine
    from benchmark.specs.resolved import PlanPairs


class EngineName(StrEnum):
    """What makes the cells."""

    local = "local"
    dask = "dask"


EngineOption = Annotated[EngineName, typer.Option("--engine", help="dask has workers make the cells, see the README.")]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler that runs, as tcp://host:8786; else one starts here.")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Workers to start here; else one per GPU, or one per two cores.")
]


def check_engine(name: EngineName, scheduler: str | None, workers: int | None) -> None:
    """Raises CatsError if the options contradict each other, or if no scheduler answers at the address."""
    if name is EngineName.local:
        if scheduler is not None or workers is not None:
            raise CatsError(f"{'--workers' if scheduler is None else '--scheduler'} needs --engine dask")
        return
    if scheduler is not None and workers is not None:
        raise CatsError("--workers starts workers here; those of a --scheduler start by themselves, see `dask worker --help`")
    if scheduler is not None:
        from benchmark.execution.cluster.scheduler import check_scheduler

        check_scheduler(scheduler)


def engine_of(name: EngineName, device: str, scheduler: str | None, workers: int | None, plan: "PlanPairs") -> "Engine":
    """The engine that the options name; they have been checked (check_engine)."""
    if name is EngineName.local:
        from benchmark.execution.engine import Local

        return Local(device)
    from benchmark.execution.cluster.engine import Dask

    return Dask(device, scheduler, workers, plan.pretrains)
