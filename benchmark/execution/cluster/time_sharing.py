"""Who works at the same time on one machine or one card, and how much of its time there was each one's own."""

from dataclasses import dataclass, field


@dataclass
class _Place:
    """`share`: seconds that would count as his own of somebody who had been there ever `since` the first one came."""

    since: float
    share: float = 0.0
    begun: dict[object, float] = field(default_factory=dict)  # what `share` was when each one came


class Together:
    """Divides the time of places among those who are there: of two, each has one half, whatever they do.

    Whoever measures a whole place counts what all did there; so divided, their sums are the whole again.
    """

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}

    def begin(self, place: str, who: object, now: float) -> None:
        """Somebody begins to work at a place, at a time of a monotonic clock, in seconds."""
        found = self._pass(place, now)
        found.begun[who] = found.share

    def end(self, place: str, who: object, seconds: float, now: float) -> float:
        """He ends, after so many seconds there; how much of them was his own, in (0, 1]: 1 exactly if he was alone."""
        found = self._pass(place, now)
        number = len(found.begun)
        own = found.share - found.begun.pop(who)
        if not found.begun:
            del self._places[place]
        return min(1.0, own / seconds) if own > 0 and seconds > 0 else 1 / number

    def _pass(self, place: str, now: float) -> _Place:
        found = self._places.setdefault(place, _Place(now))
        found.share += max(0.0, now - found.since) / max(1, len(found.begun))
        found.since = max(now, found.since)
        return found
