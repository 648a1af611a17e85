"""Options of `cats run` and `cats choose` that choose the engine."""

from typing import Annotated

import typer

from benchmark.cli.numbers import PROCESSES

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
DevicesOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBERS",
        help="GPUs of this machine that compute, such as 0,1: Dask starts a worker on each. By default all that are visible.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(parser=PROCESSES, help="Number of workers to start here; by default one per GPU, or one per two cores."),
]
