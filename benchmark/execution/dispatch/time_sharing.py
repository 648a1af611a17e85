"""How much of the time of a machine or a GPU belongs to each of several jobs that run on it at once (processor sharing)."""

from dataclasses import dataclass, field


@dataclass
class _Resource:
    """The jobs that use one resource.

    Attributes:
        updated: time of the last update of `share`, seconds of a monotonic clock.
        share: integral of dt / (number of concurrent jobs) since the first job began. The share of one job is the difference
            between the value at its end and the value at its beginning.
        begun: job → value of `share` when it began.
    """

    updated: float
    share: float = 0.0
    begun: dict[object, float] = field(default_factory=dict)


class FairShare:
    """Divides the time of each resource equally among the jobs that use it at the moment.

    An energy meter reads all of a machine or a GPU, whichever job caused it. Readings of concurrent jobs, each multiplied by
    its share, add up to the whole.
    """

    def __init__(self) -> None:
        self._resources: dict[str, _Resource] = {}

    def begin(self, resource: str, job: object, now: float) -> None:
        """A job begins to use a resource at `now`, seconds of a monotonic clock."""
        used = self._advance(resource, now)
        used.begun[job] = used.share

    def end(self, resource: str, job: object, seconds: float, now: float) -> float:
        """A job ends after so many seconds. Returns the part of them that was its own, in (0, 1]: exactly 1 if it was alone."""
        used = self._advance(resource, now)
        number = len(used.begun)
        own = used.share - used.begun.pop(job)
        if not used.begun:
            del self._resources[resource]
        return min(1.0, own / seconds) if own > 0 and seconds > 0 else 1 / number

    def _advance(self, resource: str, now: float) -> _Resource:
        used = self._resources.setdefault(resource, _Resource(now))
        used.share += max(0.0, now - used.updated) / max(1, len(used.begun))
        used.updated = max(now, used.updated)
        return used
