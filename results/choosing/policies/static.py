"""A small grid that is fixed before anything runs: the first five sources, and one order of eight settings for all of them."""

from collections.abc import Sequence

from results.choosing.orders import ladder, orders_of
from results.choosing.policy import Arm, Known
from results.choosing.seating import once, seated, untried

SOURCES, SETTINGS = 5, 8


class Static:
    """The first sources of the prior with the same settings for each; the policy ends after SOURCES × SETTINGS trials."""

    name = "static"

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        """The next pairs of the grid: each setting with every source before the next setting."""
        return untried(known, once(known, self.name, _arms), count)


def _arms(known: Known) -> list[Arm]:
    names = ladder(list(known.settings.values()), []) if not known.prior.targets else []
    names = [name for name in [*orders_of(known.prior).shared(known.sources), *names] if name in known.settings]
    names = list(dict.fromkeys([*names, *known.settings]))[:SETTINGS]
    return [Arm(source, name) for name in names for source in seated(known)[0][:SOURCES]]
