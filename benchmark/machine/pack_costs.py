"""What each of several attempts costs that run side by side: the time of each and its share of the energy of all."""

import threading
from collections.abc import Sequence
from functools import partial

from benchmark.machine.cost_sharing import share_costs
from benchmark.machine.meter import Meter, Stopwatch
from results.record import Cost


class PackCosts:
    """The costs of attempts side by side, each timed by a stopwatch, all metered together.

    The shares are proportional to the time of each attempt.
    """

    def __init__(self, meter: Meter, watches: Sequence[Stopwatch]) -> None:
        """To be made before the phase of `meter` begins in which all of them run."""
        self.meter, self.watches, self._first, self._lock = meter, watches, len(meter.costs), threading.Lock()
        for watch in watches:
            watch.share = partial(self._so_far, watch)

    def final(self) -> list[tuple[Cost, ...]]:
        """The costs of each attempt, by its phases, once all have ended."""
        shares = iter(share_costs(self.meter.costs[self._first :], [c.seconds for w in self.watches for c in w.costs] or [0.0]))
        return [tuple(_named(part, cost.phase) for cost in watch.costs for part in next(shares)) for watch in self.watches]

    def _so_far(self, watch: Stopwatch) -> tuple[Cost, ...]:
        """The costs of one attempt while it runs, as one phase."""
        with self._lock:
            costs = self.meter.so_far()[self._first :]
            shares = share_costs(costs, [each.seconds for each in self.watches])
        return tuple(_named(part, watch.running) for part in shares[list(self.watches).index(watch)])


def _named(cost: Cost, phase: str) -> Cost:
    return cost.model_copy(update={"phase": phase})
