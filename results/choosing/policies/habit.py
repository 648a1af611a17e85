"""The first source of the prior with settings at random: what is done where one source is always taken."""

from collections.abc import Sequence

import numpy as np

from results.choosing.draws import generator
from results.choosing.policy import Arm, Known
from results.choosing.seating import once, seated, untried


class Habit:
    """Always the leader of the prior, without anything learnt about its settings."""

    name = "habit"

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        """The next settings of the leader in random order; the policy ends when the leader has none left."""
        return untried(known, once(known, self.name, _arms), count)


def _arms(known: Known) -> list[Arm]:
    names = list(known.settings)
    order = generator("habit", *known.sources, *names, *known.prior.targets).permutation(len(names))
    return [Arm(source, names[place]) for source in seated(known)[0][:1] for place in np.asarray(order)]
