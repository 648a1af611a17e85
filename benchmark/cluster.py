"""A Dask cluster to do jobs on: one of our own on this machine, or one that listens somewhere; and whether its workers fit."""

import ipaddress
import logging
import os
import platform
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import resource_tracker
from typing import Any

from benchmark.home import home
from benchmark.memory import keep_memory, large_pages
from benchmark.recipe import TRAINER
from benchmark.threads import usable_cores, wait_briefly
from results.error import CatsError

log = logging.getLogger(__name__)
PATIENCE = 8  # seconds for a scheduler to answer
LIBRARIES = ("cats-bench", "torch", "timm")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
QUIET = {"set_as_default": False, "asynchronous": False}
SILENCE = "distributed.scheduler.worker-ttl"
SILENT = "1 minute"  # a worker that does not stir for longer is restarted


@dataclass(frozen=True)
class About:
    """What a worker, or the driver, says of itself.

    Attributes:
        versions: of what decides an outcome. shares_home: whether it sees a file of the driver's CATS_HOME.
        trouble: why it cannot do jobs at all.
    """

    versions: dict[str, str]
    shares_home: bool = True
    trouble: str | None = None


def about(token: str, device: str) -> About:
    """Asked of every worker before it gets a job; nothing has loaded torch there yet, so its settings still take effect."""
    wait_briefly()
    large_pages()
    keep_memory()
    trouble = None
    if device == "cuda":
        from benchmark.device import device_of

        try:
            device_of(device)
        except CatsError as error:
            trouble = str(error)
    return About(versions(), (home() / token).is_file(), trouble)


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


@contextmanager
def connected(scheduler: str | None, workers: int | None, device: str) -> Iterator[Any]:
    """A client of the scheduler at this address; without one, of a cluster that lives on this machine as long as this.

    Raises CatsError if dask.distributed is not installed, or if nobody answers as a scheduler does.
    """
    distributed = _distributed()
    if scheduler is None:
        import dask

        untouched = dask.config.get(SILENCE) == dask.config.get(SILENCE, config=dask.config.merge(*dask.config.defaults))
        given = {SILENCE: SILENT} if untouched else {}
        with dask.config.set(given), _own_cluster(workers, device) as cluster, distributed.Client(cluster, **QUIET) as client:
            yield client
        return
    with _client(distributed, scheduler) as client:
        for address in (scheduler, str(client.scheduler_info(n_workers=0)["address"])):
            if exposed(address):
                log.warning(
                    "the scheduler at %s listens beyond this machine without TLS: whoever reaches it can run code on its "
                    "workers; give all of them certificates (dask's distributed.comm.tls) and a tls:// address",
                    address,
                )
                break
        yield client


def check_scheduler(address: str) -> None:
    """Raises CatsError if dask.distributed is not installed, or if no scheduler answers there."""
    with _client(_distributed(), address):
        pass


def _client(distributed: Any, scheduler: str) -> Any:
    try:
        return distributed.Client(scheduler, timeout=PATIENCE, **QUIET)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise CatsError(f"no Dask scheduler answers at {scheduler}: {error}") from None


def exposed(address: str) -> bool:
    """Whether an address is reached from other machines and speaks plainly."""
    scheme, _, rest = address.rpartition("://")
    host = rest.rpartition(":")[0].strip("[]") or rest
    if scheme in {"tls", "wss", "inproc"}:
        return False
    with suppress(ValueError):
        return not ipaddress.ip_address(host).is_loopback
    return host != "localhost"


def environments(workers: int | None, device: str) -> list[dict[str, str]]:
    """The environment of each worker on this machine: one per GPU, else one per two cores; their threads share the cores.

    Raises CatsError if the device is not there.
    """
    from benchmark.device import device_of

    gpus = _gpus() if device_of(device).type == "cuda" else []
    count = workers or len(gpus) or max(1, usable_cores() // 2)
    threads = str(max(1, usable_cores() // count))
    share = {name: os.environ.get(name) or threads for name in THREADS}
    return [share | {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)] if gpus else ""} for number in range(count)]


def _gpus() -> list[str]:
    import torch

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]


@contextmanager
def _own_cluster(workers: int | None, device: str) -> Iterator[Any]:
    import dask
    from distributed import Nanny, Scheduler
    from distributed.deploy.spec import SpecCluster
    from distributed.security import Security

    security = Security()  # type: ignore[no-untyped-call] # as dask's own settings say
    place = {"host": "127.0.0.1", "protocol": "tls://" if security.require_encryption else "tcp://", "security": security}
    options = {**place, "nthreads": 1, "memory_limit": None, "dashboard": False}
    wanted = {
        number: {"cls": Nanny, "options": {**options, "env": env}} for number, env in enumerate(environments(workers, device))
    }
    # Dask would give each worker one thread, and malloc a setting that keep_memory() takes for the user's. What is said of
    # logging has to be there before a worker imports Dask.
    spawned = {"DASK_LOGGING__DISTRIBUTED": "warning"}
    with _deaf(), dask.config.set({"distributed.nanny.pre-spawn-environ": spawned}):
        cluster = _begun(
            SpecCluster,
            workers=wanted,
            scheduler={
                "cls": Scheduler,
                "options": {**place, "port": 0, "dashboard": False, "dashboard_address": "127.0.0.1:0"},
            },
            security=security,
        )
    try:
        yield cluster
    finally:
        for nanny in list(cluster.workers.values()):
            nanny.close_gracefully()  # it starts no other worker in place of this one
            with suppress(OSError, TypeError):  # it may have none at the moment
                os.kill(nanny.pid, signal.SIGKILL)  # what it has in hand is not waited for
        cluster.close(timeout=PATIENCE)


def _begun(kind: Any, **settings: Any) -> Any:
    try:
        return kind(**settings)
    except (OSError, RuntimeError) as error:
        raise CatsError(f"cannot start workers on this machine: {error}") from error


@contextmanager
def _deaf() -> Iterator[None]:
    """Threads and processes that begin in here never hear Ctrl-C: the driver alone does, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # if it began in here, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _distributed() -> Any:
    """The library; its loggers speak from WARNING on and through ours, unless the user's own settings say otherwise."""
    try:
        import dask
    except ImportError:
        raise CatsError("--engine dask needs dask.distributed: pip install 'cats-bench[cluster]'") from None
    if not dask.config.get("logging", None) and not dask.config.get("distributed.logging", None):
        dask.config.set({"logging": {"distributed": "warning"}})
    import distributed

    return distributed
