"""The next jobs of a plan: which of them may begin, and which suits a worker best."""

from collections.abc import Iterable

from benchmark.specs.job import Job

FEWEST = 64  # jobs looked at, however few workers there are; a job is some kilobytes


class Ahead:
    """A few jobs out of many, so that a plan may have any number of them.

    A job waits until the pretrainings it needs are settled, without holding up the others. A worker gets what stays at its
    place (Job.place) if there is such a job, else one that no other worker would rather have.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = iter(jobs)
        self._ahead: list[Job] = []
        self._open: set[str] = set()  # keys of the pretrainings that nobody has settled yet
        self._places: dict[str, tuple[str, str]] = {}

    def look(self, workers: int) -> bool:
        """Look as far ahead as so many workers need. Returns whether any job is left to take."""
        for job in self._jobs if len(self._ahead) < max(FEWEST, 2 * workers) else ():
            self._ahead.append(job)
            if job.start is not None:
                self._open.add(job.start.key)
            if len(self._ahead) >= max(FEWEST, 2 * workers):
                break
        return bool(self._ahead)

    def take(self, worker: str) -> Job | None:
        """The job that this worker had best do now; None if every one has to wait for a pretraining."""
        ready = [number for number, job in enumerate(self._ahead) if not job.needs & self._open]
        if not ready:
            return None
        job = self._ahead.pop(min(ready, key=lambda number: self._rank(worker, self._ahead[number])))
        self._places[worker] = job.place
        return job

    def settle(self, job: Job) -> None:
        """This job is over, well or not: what needs it may begin."""
        if job.start is not None:
            self._open.discard(job.start.key)

    def give_back(self, job: Job) -> None:
        """This job has to be taken once more, by whoever is free first."""
        self._ahead.insert(0, job)

    def forget(self, worker: str) -> None:
        """This worker is gone, and what it had on its device too."""
        self._places.pop(worker, None)

    def _rank(self, worker: str, job: Job) -> int:
        """Pretrainings before all, others wait for them; min() keeps the order of the plan among equals."""
        if job.start is not None:
            return 0
        if self._places.get(worker) == job.place:
            return 1
        return 3 if job.place in self._places.values() else 2
