"""Pairs of a source and a setting that are good on different targets, one after the other."""

from collections.abc import Sequence

from results.choosing.orders import orders_of
from results.choosing.policy import Arm, Known
from results.choosing.seating import once, own_order, strangers, untried

EACH = 4  # trials of every new source after the first pair


class Portfolio:
    """The greedy order of pairs: next is the pair that lowers the mean loss over other targets the most.

    Sources that the prior does not know get their first trials behind the first pair. Where no pair of the prior can be tried,
    as with settings that the prior does not hold, the leader's first arm leads, and the sources follow in the prior's order.
    """

    name = "portfolio"

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        """The next pairs that were not tried."""
        return untried(known, once(known, self.name, _arms), count)


def _arms(known: Known) -> list[Arm]:
    orders = orders_of(known.prior)
    pairs = [Arm(source, name) for source, name in orders.pairs(known.sources) if name in known.settings]
    new = [own_order(known, source) for source in strangers(known)]
    known_rest = [arm for source in orders.ranked if source in known.sources for arm in own_order(known, source)]
    pairs = pairs or known_rest
    first = [arm for lane in new for arm in lane[:EACH]]
    rest = [arm for lane in new for arm in lane[EACH:]]
    return list(dict.fromkeys([*pairs[:1], *first, *pairs[1:], *known_rest, *rest]))
