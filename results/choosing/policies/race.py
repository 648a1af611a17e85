"""Four sources start with four settings each; after each round the better half stays, with twice as many new settings each."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from results.choosing.choice import Round, Seat
from results.choosing.policy import Arm, Known, losses
from results.choosing.seating import once, own_order, seated, untried

SEATS, PER = 4, 4


class Race:
    """Successive halving over sources, with runs as the resource; every source tries settings in its own order.

    Every source that the prior does not know has a seat, right behind the leader. When the last of the seated sources has no
    setting left, the other sources follow in the order of the prior, with as many settings each as in the first round.
    """

    name = "race"

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        """The arms of the round that are missing; none while results of the round are pending."""
        lanes, seats = once(known, self.name, _lanes)
        loss, pending = losses(known.trials), set(known.pending)
        for live, start, end in _walk(lanes[:seats], loss):
            wanted = [arm for lane in live for arm in lane[start:end]]
            missing = [arm for arm in wanted if arm not in loss and arm not in pending]
            if missing:
                return missing[:count]
            if not pending.isdisjoint(wanted):
                return []
        rest = [arm for lane in lanes[seats:] for arm in lane[:PER]]
        return untried(known, [*rest, *(arm for lane in lanes for arm in lane)], count)


def halved(known: Known) -> tuple[Round, ...]:
    """The rounds of a race that have begun, from what was tried. `known.trials`: of the one seed by which the race decided."""
    lanes, seats = once(known, Race.name, _lanes)
    loss, rounds = losses(known.trials), list[tuple[list[Seat], bool]]()
    for live, start, end in _walk(lanes[:seats], loss):
        here = [_seat(lane[:end], loss) for lane in live]
        begun = any(arm in loss for lane in live for arm in lane[start:end])
        rounds.append((here, begun))
        if not all(arm in loss for lane in live for arm in lane[start:end]):
            break
    staying = [{seat.source for seat in here} for here, _ in rounds[1:]]
    found = []
    for (here, begun), stay in zip(rounds, [*staying, None], strict=True):
        if begun:
            found.append(Round(tuple(replace(seat, stays=None if stay is None else seat.source in stay) for seat in here)))
    return tuple(found)


def _seat(lane: Sequence[Arm], loss: Mapping[Arm, float]) -> Seat:
    tried = [loss[arm] for arm in lane if arm in loss]
    best = min(tried, default=math.inf)
    return Seat(lane[0].source, len(tried), best if math.isfinite(best) else None)


def _walk(live: list[list[Arm]], loss: Mapping[Arm, float]) -> Iterator[tuple[list[list[Arm]], int, int]]:
    """Yield the live lanes of each round, and from which place on to which one they are tried; halve them after each round."""
    start, each = 0, PER
    while any(len(lane) > start for lane in live):
        yield live, start, start + each
        start, each = start + each, 2 * each
        ranked = sorted(live, key=lambda lane: min((loss[arm] for arm in lane[:start]), default=math.inf))
        live = ranked[: max(1, len(live) // 2)]


def _lanes(known: Known) -> tuple[list[list[Arm]], int]:
    """The arms of each source in its own order, in the order of the seats, and the number of seats."""
    order, strangers = seated(known)
    return [own_order(known, source) for source in order], max(SEATS, 1 + strangers)
