"""The engine of a Dask cluster: workers get jobs as specs, never as data or weights."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from benchmark.core.paths import home
from benchmark.execution.cluster.scheduler import cards, check_scheduler, connected, environments
from benchmark.execution.cluster.transport import DaskTransport, Make
from benchmark.execution.cluster.worker import make_checked
from benchmark.execution.cluster.worker_pool import WorkerPool
from benchmark.execution.dispatch.dispatcher import dispatch
from benchmark.execution.engine import EngineOptions, RunControl
from benchmark.specs.job import Job
from results.error import CatsError
from results.record import Outcome


@dataclass(frozen=True)
class Dask:
    """Runs jobs on the workers of a Dask cluster.

    Attributes:
        device: auto, cpu or cuda, as each worker sees it.
        scheduler: address of a running scheduler; None starts a cluster on this machine, see cluster/scheduler.py.
        workers: how many workers to start on this machine; None starts one per GPU, or one per two cores without a GPU.
        devices: numbers of the GPUs on which they compute, such as "0,1"; None: all that this process sees.
        shared_home: whether workers must see the driver's CATS_HOME, because pretrainings leave their weights there.
        make: the function that a worker calls with a job and its device.
        tracking_uri: MLFLOW_TRACKING_URI of workers that are started on this machine; None leaves them the driver's.
    """

    device: str = "auto"
    scheduler: str | None = None
    workers: int | None = None
    devices: str | None = None
    shared_home: bool = True
    make: Make = make_checked
    tracking_uri: str | None = field(default=None, repr=False)
    remote: ClassVar[bool] = True

    def outcomes(self, jobs: Iterable[Job], control: RunControl) -> Iterator[list[Outcome]]:
        """See Engine. Raises CatsError if there is no cluster, if a worker is incompatible, or if the scheduler is gone."""
        with connected(self.scheduler, self.environments) as client, _token() as token:
            pool = WorkerPool(client, self.device, token, shared_home=self.shared_home)
            pool.wait_for_workers()
            with closing(DaskTransport(pool, self.make, control)) as transport:
                yield from dispatch(jobs, control, transport)

    def environments(self) -> list[dict[str, str]]:
        """See scheduler.environments."""
        return environments(self.workers, self.device, self.tracking_uri, self.devices)

    @contextmanager
    def held(self) -> Iterator[tuple["Dask", int]]:
        """This engine on a cluster that stays for several batches, and its number of workers; see engine.held."""
        with connected(self.scheduler, self.environments) as client:
            here = len(self.environments()) if self.scheduler is None else len(client.nthreads())
            yield replace(self, scheduler=client.scheduler.address), max(1, here)


def dask(options: EngineOptions) -> Dask:
    """The engine `dask`. Raises CatsError if its options contradict each other, or if the scheduler does not answer."""
    if options.scheduler is not None and options.workers is not None:
        raise CatsError(
            "--workers starts workers here; workers of a --scheduler are started separately, see `dask worker --help`"
        )
    if options.scheduler is not None and options.devices is not None:
        raise CatsError("--devices chooses GPUs of this machine; workers of a --scheduler are started with their own")
    if options.devices is not None:
        cards(options.device, options.devices)
    if options.scheduler is not None:
        check_scheduler(options.scheduler)  # at once: reading the images of a plan may take long
    shared_home, tracking_uri = options.pretrains, options.tracking_uri
    return Dask(options.device, options.scheduler, options.workers, options.devices, shared_home, tracking_uri=tracking_uri)


@contextmanager
def _token() -> Iterator[str]:
    """The name of a temporary file in CATS_HOME: a worker that sees it shares the folder."""
    with ExitStack() as stack:
        try:
            home().mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(tempfile.NamedTemporaryFile(prefix=".driver-", dir=home()))
        except OSError as error:
            raise CatsError(f"cannot write to CATS_HOME, {home()}: {error.strerror}") from error
        yield Path(file.name).name
