"""The description that a worker of a cluster sends before its first job, and whether it is compatible with the driver."""

import asyncio
import os
import platform
import signal
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

from benchmark.core.paths import home
from benchmark.core.trainer_version import TRAINER
from benchmark.machine.memory import keep_memory, large_pages
from benchmark.machine.nvml import card
from benchmark.machine.threads import wait_briefly
from results.error import CatsError
from results.files.boot_id import boot_id

LIBRARIES = ("cats-bench", "torch", "timm", "distributed")
CLOSING = "closing-worker"  # Dask's name for the event of a worker that leaves in good order
EXIT_DELAY = 0.5  # seconds between reporting a SIGTERM and ending, so that the report arrives


@dataclass(frozen=True)
class WorkerInfo:
    """The description of a worker or of the driver.

    Attributes:
        versions: versions of everything that decides an outcome.
        shares_home: whether the worker sees a file that the driver wrote to its CATS_HOME.
        problem: why the worker cannot run any job; None if it can.
        machine: equal for all workers of one machine.
        card: equal for all workers that use one GPU; None without a GPU.
    """

    versions: dict[str, str]
    shares_home: bool = True
    problem: str | None = None
    machine: str = ""
    card: str | None = None


async def worker_info(token: str, device: str) -> WorkerInfo:
    """Prepare a worker for jobs and describe it.

    Runs on each Dask worker before its first job, before torch is imported: later, settings of threads and memory would be
    ignored. It is `async` because Dask runs such functions in the main thread, the only one that can receive signals.

    Args:
        token: name of a file in the driver's CATS_HOME.
        device: auto, cpu or cuda.
    """
    report_sigterm()
    wait_briefly()
    large_pages()
    keep_memory()
    problem = None
    if device == "cuda":
        from benchmark.machine.device import device_of

        try:
            device_of(device)
        except CatsError as error:
            problem = str(error)
    return WorkerInfo(versions(), (home() / token).is_file(), problem, boot_id(), None if device == "cpu" else card())


def versions() -> dict[str, str]:
    """Versions that must be equal on the driver and all workers: other versions may compute other numbers."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {**{name: version(name) for name in LIBRARIES}, "trainer": str(TRAINER), "python": python}


def incompatibility(worker: str, info: WorkerInfo, *, shared_home: bool) -> str | None:
    """Why this worker must not run jobs of this driver, in one sentence; None if it may.

    `shared_home`: whether the worker must see the driver's CATS_HOME.
    """
    here = versions()
    other = [name for name, value in here.items() if info.versions.get(name) != value]
    if other:
        theirs = ", ".join(f"{name} {info.versions.get(name, 'unknown')}" for name in other)
        ours = ", ".join(f"{name} {here[name]}" for name in other)
        return f"worker {worker} has {theirs}, the driver has {ours}: they must be the same, or the runs are not comparable"
    if info.problem is not None:
        return f"worker {worker}: {info.problem}"
    if shared_home and not info.shares_home:
        return (
            f"worker {worker} does not see the driver's CATS_HOME, {home()}: the plan pretrains sources, "
            "so CATS_HOME must name one folder that the driver and all workers share"
        )
    return None


def report_sigterm() -> None:
    """Have this worker report a SIGTERM to the scheduler before it ends.

    Slurm pre-empts a job by a SIGTERM to all of its processes at once. Without a report the scheduler would see a crash.
    """
    from distributed import get_worker

    worker, loop = get_worker(), asyncio.get_running_loop()

    def report() -> None:
        worker.log_event(worker.address, {"action": CLOSING, "reason": "SIGTERM"})
        loop.call_later(EXIT_DELAY, os._exit, 128 + signal.SIGTERM)

    with suppress(NotImplementedError, ValueError, RuntimeError):  # not in the main thread, or not supported by this system
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            loop.add_signal_handler(signal.SIGTERM, report)
