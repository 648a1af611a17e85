"""Sources and settings at random: what knowing nothing achieves."""

from collections.abc import Sequence

import numpy as np

from results.choosing.draws import generator
from results.choosing.policy import Arm, Known
from results.choosing.seating import once, untried


class Random:
    """All pairs of a source and a setting in random order, drawn from the names alone."""

    name = "random"

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        """The next pairs of the drawn order."""
        return untried(known, once(known, self.name, _arms), count)


def _arms(known: Known) -> list[Arm]:
    arms = [Arm(source, name) for source in known.sources for name in known.settings]
    order = generator("random", *known.sources, *known.settings, *known.prior.targets).permutation(len(arms))
    return [arms[place] for place in np.asarray(order)]
