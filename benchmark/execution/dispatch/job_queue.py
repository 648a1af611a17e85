"""The next jobs of a plan: which of them may start, and which of them a worker should get."""

from collections.abc import Iterable

from benchmark.specs.job import Job

MIN_PREFETCH = 64  # jobs in the queue, however few workers there are; a job takes some kilobytes


class JobQueue:
    """Holds a few jobs out of many, so that a plan may have any number of them.

    A job waits until the pretrainings it needs have ended, without blocking other jobs. A worker gets a job that uses the same
    data set and backbone (Job.place) as its last job, because it has those images in memory; otherwise a job of a place that no
    other worker has.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._source = iter(jobs)
        self._waiting: list[Job] = []
        self._pending: set[str] = set()  # keys of the pretrainings that have not ended yet
        self._places: dict[str, tuple[str, str]] = {}  # worker → place of its last job

    def prefetch(self, workers: int) -> bool:
        """Read as many jobs as this number of workers needs. Returns whether any job is left to take."""
        needed = max(MIN_PREFETCH, 2 * workers)
        for job in self._source if len(self._waiting) < needed else ():
            self._waiting.append(job)
            if job.start is not None:
                self._pending.add(job.start.key)
            if len(self._waiting) >= needed:
                break
        return bool(self._waiting)

    def take(self, worker: str) -> Job | None:
        """Remove and return the best job for this worker; None if every job has to wait for a pretraining."""
        ready = [number for number, job in enumerate(self._waiting) if not job.needs & self._pending]
        if not ready:
            return None
        job = self._waiting.pop(min(ready, key=lambda number: self._rank(worker, self._waiting[number])))
        self._places[worker] = job.place
        return job

    def mark_ended(self, job: Job) -> None:
        """Note that a job has ended, successfully or not: jobs that need it may start."""
        if job.start is not None:
            self._pending.discard(job.start.key)

    def put_back(self, job: Job) -> None:
        """Put a job back at the front of the queue; the next free worker takes it."""
        self._waiting.insert(0, job)

    def forget(self, worker: str) -> None:
        """Note that a worker is gone, and with it the images in its memory."""
        self._places.pop(worker, None)

    def _rank(self, worker: str, job: Job) -> int:
        """Lowest first: pretrainings, for which other jobs wait; the worker's place; free places; places of other workers.

        Among jobs of equal rank, `min` keeps the order of the plan.
        """
        if job.start is not None:
            return 0
        if self._places.get(worker) == job.place:
            return 1
        return 3 if job.place in self._places.values() else 2
