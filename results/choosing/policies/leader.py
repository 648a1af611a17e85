"""The first source of the prior alone, with settings in its own order: the constant beside which every choice is shown."""

from collections.abc import Sequence

from results.choosing.policy import Arm, Known
from results.choosing.seating import once, own_order, seated, untried


class Leader:
    """Always the source with the best mean rank on other targets, and settings in the order learnt for it."""

    name = "leader"

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        """The next settings of the leader; the policy ends when the leader has none left."""
        return untried(known, once(known, self.name, _arms), count)


def _arms(known: Known) -> list[Arm]:
    return own_order(known, seated(known)[0][0]) if known.sources else []
