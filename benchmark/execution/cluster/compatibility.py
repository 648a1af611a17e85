"""What a worker of a cluster says of itself before it gets a job, and whether that fits the driver."""

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
from results.tracking.boot_id import kernel

LIBRARIES = ("cats-bench", "torch", "timm", "distributed")
CLOSING = "closing-worker"  # what Dask calls it in the events of a worker that leaves
LAST_WORDS = 0.5  # seconds that these may take


@dataclass(frozen=True)
class About:
    """What a worker, or the driver, says of itself.

    Attributes:
        versions: of what decides an outcome. shares_home: whether it sees a file of the driver's CATS_HOME.
        trouble: why it cannot do jobs at all.
        machine: the same for all workers of one machine. card: the same for all of one GPU, None without.
    """

    versions: dict[str, str]
    shares_home: bool = True
    trouble: str | None = None
    machine: str = ""
    card: str | None = None


async def about(token: str, device: str) -> About:
    """Asked of every worker before it gets a job; nothing has loaded torch there yet, so its settings still take effect.

    Dask runs what is `async` in the main thread, where alone signals can be heard.
    """
    _leaves_with_a_word()
    wait_briefly()
    large_pages()
    keep_memory()
    trouble = None
    if device == "cuda":
        from benchmark.machine.device import device_of

        try:
            device_of(device)
        except CatsError as error:
            trouble = str(error)
    return About(versions(), (home() / token).is_file(), trouble, kernel(), None if device == "cpu" else card())


def versions() -> dict[str, str]:
    """What has to be the same everywhere."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {**{name: version(name) for name in LIBRARIES}, "trainer": str(TRAINER), "python": python}


def misfit(worker: str, told: About, *, shared_home: bool) -> str | None:
    """Why this worker must not do jobs of ours, one sentence."""
    here = versions()
    other = [name for name, value in here.items() if told.versions.get(name) != value]
    if other:
        theirs = ", ".join(f"{name} {told.versions.get(name, 'unknown')}" for name in other)
        ours = ", ".join(f"{name} {here[name]}" for name in other)
        return f"worker {worker} has {theirs}, the driver has {ours}: they must be the same, or the runs are not comparable"
    if told.trouble is not None:
        return f"worker {worker}: {told.trouble}"
    if shared_home and not told.shares_home:
        return (
            f"worker {worker} does not see the driver's CATS_HOME, {home()}: the plan pretrains sources, "
            "so CATS_HOME must name one folder that the driver and all workers share"
        )
    return None


def _leaves_with_a_word() -> None:
    """SIGTERM, by which Slurm takes back all processes of a job at once, is not told from a crash unless the worker says so."""
    from distributed import get_worker

    worker, loop = get_worker(), asyncio.get_running_loop()

    def heard() -> None:
        worker.log_event(worker.address, {"action": CLOSING, "reason": "SIGTERM"})
        loop.call_later(LAST_WORDS, os._exit, 128 + signal.SIGTERM)

    with suppress(NotImplementedError, ValueError, RuntimeError):  # not in a main thread, or not on this system
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            loop.add_signal_handler(signal.SIGTERM, heard)
