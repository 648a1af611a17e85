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

    An energy meter reads the energy of a whole machine or GPU, whichever job used it. Readings of concurrent jobs, each
    multiplied by the share of its job, add up to the energy of that machine or GPU.
    """

    def __init__(self) -> None:
        self._resources: dict[str, _Resource] = {}

    def begin(self, resource: str, job: object, now: float) -> None:
        """Note that a job begins to use a resource at `now`, seconds of a monotonic clock."""
        state = self._advance(resource, now)
        state.begun[job] = state.share

    def end(self, resource: str, job: object, seconds: float, now: float) -> float:
        """Note that a job ends, which began `seconds` ago. Returns its share of the resource, in (0, 1]; 1 if it was alone."""
        state = self._advance(resource, now)
        number = len(state.begun)
        own = state.share - state.begun.pop(job)
        if not state.begun:
            del self._resources[resource]
        return min(1.0, own / seconds) if own > 0 and seconds > 0 else 1 / number

    def _advance(self, resource: str, now: float) -> _Resource:
        state = self._resources.setdefault(resource, _Resource(now))
        state.share += max(0.0, now - state.updated) / max(1, len(state.begun))
        state.updated = max(now, state.updated)
        return state
