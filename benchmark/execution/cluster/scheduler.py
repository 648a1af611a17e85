"""Connect to a running Dask scheduler, or start a Dask cluster on this machine."""

import asyncio
import ipaddress
import logging
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

from benchmark.machine.signals import SIGNALS
from benchmark.machine.threads import usable_cores
from results.error import CatsError
from results.text.brief import short

log = logging.getLogger(__name__)
ANSWER_SECONDS = 8  # for a scheduler to answer
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
CLIENT_OPTIONS = {"set_as_default": False, "asynchronous": False}
OURS = {  # settings of workers that are started here, unless the user has set them
    "distributed.scheduler.worker-ttl": "1 minute",  # a worker that sends no heartbeat for longer is restarted
    # Dask would look at the stack of the training a hundred times a second, for a page that our workers do not show.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",  # which Dask asks the system twice in each second, for the same page
}


@contextmanager
def connected(scheduler: str | None, environs: Callable[[], list[dict[str, str]]]) -> Iterator[Any]:
    """A client of the scheduler at this address; without an address, of a temporary cluster on this machine.

    environs: the environment of each worker that is started here, see environments().

    Raises CatsError if dask.distributed is not installed, or if no scheduler answers there.
    """
    distributed = _distributed()
    for name in ("distributed.client", "asyncio"):
        logging.getLogger(name).addFilter(no_sign_of_closing)
    if scheduler is None:
        import dask

        defaults = dask.config.merge(*dask.config.defaults)
        unchanged = {name for name in OURS if dask.config.get(name) == dask.config.get(name, config=defaults)}
        with (
            dask.config.set({name: OURS[name] for name in unchanged}),
            _own_cluster(environs()) as cluster,
            distributed.Client(cluster, **CLIENT_OPTIONS) as client,
        ):
            yield client
        return
    scheduler = _address(scheduler)
    with _client(distributed, scheduler) as client:
        for address in (scheduler, str(client.scheduler_info(n_workers=0)["address"])):
            if exposed(address):
                log.warning(
                    "the scheduler at %s listens beyond this machine without TLS: anyone who reaches it can run code on its "
                    "workers and in this driver; give all of these certificates (Dask's distributed.comm.tls) and a tls:// "
                    "address",
                    address,
                )
                break
        yield client


def no_sign_of_closing(record: logging.LogRecord) -> bool:
    """Whether a log shows a line: not of a wait that a closed client cancels, or of its pause between two messages."""
    error = record.exc_info[1] if record.exc_info else None
    pause = record.name == "asyncio" and isinstance(error, TimeoutError) and error.args == ("Timeout",)
    return not pause and not isinstance(error, asyncio.CancelledError)


def check_scheduler(address: str) -> None:
    """Raises CatsError if dask.distributed is not installed, or if no scheduler answers there."""
    with _client(_distributed(), _address(address)):
        pass


def _client(distributed: Any, scheduler: str) -> Any:
    from distributed.versions import VersionMismatchWarning

    warnings.filterwarnings("ignore", category=VersionMismatchWarning)  # the versions that matter are compared below
    try:
        client = distributed.Client(scheduler, timeout=ANSWER_SECONDS, **CLIENT_OPTIONS)
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


def _address(text: str) -> str:
    """An address with its scheme, tcp if it has none.

    Raises CatsError for an address that cannot be right: Dask would retry it for a long time without a message.
    """
    from distributed.comm import addressing, registry
    from distributed.security import Security

    address = text if "://" in text else f"tcp://{text}"
    scheme = address.partition("://")[0]
    schemes = sorted({"tcp", "tls", "ws", "wss", "ucx"} & set(registry.backends))
    try:
        if scheme not in schemes:
            raise ValueError(f"allowed are {', '.join(f'{name}://' for name in schemes)}")
        addressing.get_address_host_port(address, strict=True)
    except (ValueError, TypeError, OSError) as error:
        raise CatsError(f"'{text}' is not the address of a Dask scheduler, such as tcp://host:8786: {error}") from None
    try:
        certified = scheme not in {"tls", "wss"} or Security().get_connection_args("client").get("ssl_context")  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, OSError) as error:
        raise CatsError(
            f"the certificates in Dask's settings (distributed.comm.tls) cannot be used for {text}: {error}"
        ) from None
    if not certified:
        raise CatsError(
            f"a scheduler at {text} needs certificates, and Dask's settings name none: set distributed.comm.tls there"
        )
    return address


def exposed(address: str) -> bool:
    """Whether other machines can reach an address, and the address uses no TLS."""
    scheme, _, rest = address.rpartition("://")
    host = rest.rpartition(":")[0].strip("[]") or rest
    if scheme in {"tls", "wss", "inproc"}:
        return False
    with suppress(ValueError):
        return not ipaddress.ip_address(host).is_loopback
    return host != "localhost"


def environments(
    workers: int | None, device: str, tracking_uri: str | None = None, devices: str | None = None
) -> list[dict[str, str]]:
    """The environment of each worker on this machine: one worker per GPU, else one per two cores; threads share the cores.

    `tracking_uri` is the MLFLOW_TRACKING_URI of the workers: they inherit the driver's variable, but in the driver the option
    --tracking-uri comes first. devices: see cards(). Raises CatsError if this machine does not have the devices.
    """
    gpus = cards(device, devices)
    count = workers or len(gpus) or max(1, usable_cores() // 2)
    threads = str(max(1, usable_cores() // count))
    share = {name: os.environ.get(name) or threads for name in THREADS}
    if tracking_uri is not None:
        share["MLFLOW_TRACKING_URI"] = tracking_uri
    return [share | {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)] if gpus else ""} for number in range(count)]


def cards(device: str, devices: str | None = None) -> list[str]:
    """The GPUs of this machine that compute, as CUDA_VISIBLE_DEVICES names them; empty if the CPU computes.

    devices: their numbers among those that this process sees, such as "0,1"; None: all. Raises CatsError if one is not there.
    """
    import torch

    from benchmark.machine.device import device_of

    if devices is not None and device == "cpu":
        raise CatsError("--devices chooses GPUs, and --device cpu uses none; leave one of them out")
    if device_of(device).type != "cuda":
        if devices is not None:
            raise CatsError("--devices chooses GPUs, and there is no CUDA device here; leave it out")
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]
    asked = [str(number) for number in range(len(names))] if devices is None else [each.strip() for each in devices.split(",")]
    for each in asked:
        if not each.isascii() or not each.isdigit() or int(each) >= len(names):
            there = "0" if len(names) == 1 else f"0 to {len(names) - 1}"
            raise CatsError(f"--devices names '{short(each)}'; the numbers of the GPUs here are {there}")
    numbers = [int(each) for each in asked]
    if len(set(numbers)) < len(numbers):
        raise CatsError("--devices names a GPU twice; --workers starts several workers on each GPU")
    return [names[number] for number in numbers]


@contextmanager
def _own_cluster(environs: list[dict[str, str]]) -> Iterator[Any]:
    import dask
    from distributed import Nanny, Scheduler
    from distributed.deploy.spec import SpecCluster
    from distributed.security import Security

    security = Security()  # type: ignore[no-untyped-call] # from the user's settings of Dask
    place = {"host": "127.0.0.1", "protocol": "tls://" if security.require_encryption else "tcp://", "security": security}
    options = {**place, "nthreads": 1, "memory_limit": None, "dashboard": False}
    nannies = {number: {"cls": Nanny, "options": {**options, "env": env}} for number, env in enumerate(environs)}
    # This replaces Dask's own variables: one thread for each worker, and a setting of malloc that keep_memory() would take for
    # the user's. The setting of logging must be in the environment before a worker imports Dask.
    spawned = {"DASK_LOGGING__DISTRIBUTED": "warning"}
    with _signals_blocked(), dask.config.set({"distributed.nanny.pre-spawn-environ": spawned}):
        cluster = _started(
            SpecCluster,
            workers=nannies,
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
            nanny.close_gracefully()  # does not restart its worker
            with suppress(OSError, TypeError):  # the nanny may have no worker at the moment
                os.kill(nanny.pid, signal.SIGKILL)  # do not wait for its running job
        cluster.close(timeout=ANSWER_SECONDS)


def _started(kind: Any, **settings: Any) -> Any:
    try:
        return kind(**settings)
    except (OSError, RuntimeError) as error:
        raise CatsError(f"cannot start workers on this machine: {error}") from error


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Threads and processes that start inside the block never receive Ctrl-C and similar signals; the driver ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it unblocks the signals when it starts, so it must start before
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _distributed() -> Any:
    """The library distributed. Its loggers pass on warnings and errors, unless the user has configured them."""
    try:
        import dask
    except ImportError:
        raise CatsError("--engine dask needs dask.distributed: pip install 'cats-bench[cluster]'") from None
    if not dask.config.get("logging", None) and not dask.config.get("distributed.logging", None):
        dask.config.set({"logging": {"distributed": "warning"}})
    import distributed

    return distributed
