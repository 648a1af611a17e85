"""A Dask cluster to do jobs on: one of our own on this machine, or one that listens somewhere."""

import ipaddress
import logging
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

from benchmark.machine.signals import SIGNALS
from benchmark.machine.threads import usable_cores
from results.error import CatsError

log = logging.getLogger(__name__)
PATIENCE = 8  # seconds for a scheduler to answer
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
QUIET = {"set_as_default": False, "asynchronous": False}
SILENCE = "distributed.scheduler.worker-ttl"
SILENT = "1 minute"  # a worker that does not stir for longer is restarted


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
    scheduler = _address(scheduler)
    with _client(distributed, scheduler) as client:
        for address in (scheduler, str(client.scheduler_info(n_workers=0)["address"])):
            if exposed(address):
                log.warning(
                    "the scheduler at %s listens beyond this machine without TLS: whoever reaches it can run code on its "
                    "workers and in this driver; give all of them certificates (dask's distributed.comm.tls) and a tls:// "
                    "address",
                    address,
                )
                break
        yield client


def check_scheduler(address: str) -> None:
    """Raises CatsError if dask.distributed is not installed, or if no scheduler answers there."""
    with _client(_distributed(), _address(address)):
        pass


def _client(distributed: Any, scheduler: str) -> Any:
    from distributed.versions import VersionMismatchWarning

    warnings.filterwarnings("ignore", category=VersionMismatchWarning)  # what matters of it is said below
    try:
        client = distributed.Client(scheduler, timeout=PATIENCE, **QUIET)
        theirs = client.sync(client.scheduler.versions)["packages"]["distributed"]
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise CatsError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    if theirs != distributed.__version__:
        client.close()
        raise CatsError(
            f"the Dask scheduler at {scheduler} has distributed {theirs}, the driver has {distributed.__version__}: install "
            "the same on both"
        )
    return client


def _address(given: str) -> str:
    """With its scheme, tcp if none is given. Raises CatsError for what cannot be right: Dask would try it for long, unseen."""
    from distributed.comm import addressing, registry
    from distributed.security import Security

    address = given if "://" in given else f"tcp://{given}"
    scheme = address.partition("://")[0]
    known = sorted({"tcp", "tls", "ws", "wss", "ucx"} & set(registry.backends))
    try:
        if scheme not in known:
            raise ValueError(f"allowed are {', '.join(f'{name}://' for name in known)}")
        addressing.get_address_host_port(address, strict=True)
        if scheme in {"tls", "wss"} and not Security().get_connection_args("client").get("ssl_context"):  # type: ignore[no-untyped-call]
            raise ValueError("it wants certificates: set distributed.comm.tls in Dask's settings")
    except (ValueError, TypeError, OSError) as error:
        raise CatsError(f"'{given}' is no address of a Dask scheduler, such as tcp://host:8786: {error}") from None
    return address


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
    from benchmark.machine.device import device_of

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
    """Threads and processes that begin in here never hear Ctrl-C and its like: the driver alone does, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # if it began in here, it would unblock the signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
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
