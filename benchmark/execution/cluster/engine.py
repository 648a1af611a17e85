"""Jobs done by the workers of a Dask cluster: sent as specs, never as data or weights."""

import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from benchmark.core.paths import home
from benchmark.execution.cluster.dispatcher import Feed, Make
from benchmark.execution.cluster.job_queue import Ahead
from benchmark.execution.cluster.scheduler import PATIENCE, connected
from benchmark.execution.cluster.worker import make_there
from benchmark.execution.cluster.worker_pool import Crew
from benchmark.execution.engine import RunControl
from benchmark.specs.job import Job
from results.error import CatsError
from results.record import Outcome


@dataclass(frozen=True)
class Dask:
    """Workers of a Dask cluster.

    Attributes:
        device: auto, cpu or cuda, as each worker sees it.
        scheduler: address of a running one; None starts a cluster on this machine, see benchmark.execution.cluster.scheduler.
        workers: how many of our own; None takes one per GPU, else one per two cores.
        shared_home: whether workers must see the driver's CATS_HOME, because a pretraining leaves its weights there.
        make: what a worker does with a job, given its device.
    """

    device: str = "auto"
    scheduler: str | None = None
    workers: int | None = None
    shared_home: bool = True
    make: Make = make_there
    remote: ClassVar[bool] = True

    def outcomes(self, jobs: Iterable[Job], control: RunControl) -> Iterator[list[Outcome]]:
        """See Engine. Raises CatsError if there is no cluster, if a worker is no match for the driver, or if all is lost."""
        with connected(self.scheduler, self.workers, self.device) as client, _token() as token:
            crew = Crew(client, self.device, token, shared_home=self.shared_home)
            crew.welcome()
            feed = Feed(crew, Ahead(jobs), control, self.make)
            thread = threading.Thread(target=feed.run, name="cats feed", daemon=True)
            thread.start()
            try:
                while (found := feed.next()) is not None:
                    yield found
                    feed.counted()
            finally:
                feed.drop()
                thread.join(timeout=PATIENCE)


@contextmanager
def _token() -> Iterator[str]:
    """The name of a file in CATS_HOME: who sees it shares the folder."""
    with ExitStack() as stack:
        try:
            home().mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(tempfile.NamedTemporaryFile(prefix=".driver-", dir=home()))
        except OSError as error:
            raise CatsError(f"cannot write to CATS_HOME, {home()}: {error.strerror}") from error
        yield Path(file.name).name
