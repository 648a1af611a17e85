"""Which slices of a volume a network sees: the options that readers of volumes share."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.error import CatsError
from results.text.brief import briefly

MOST = 256  # slices
AXES = 3


@dataclass(frozen=True)
class Views:
    """The options of readers of volumes that say which slices are read.

    Attributes:
        views: `slices` are evenly spaced along one axis; `orthogonal`: a third of them along each of the three axes.
        slices: their number, the same for every volume.
    """

    views: Literal["slices", "orthogonal"] = "slices"
    slices: int = 9

    def __post_init__(self) -> None:
        if not 1 <= self.slices <= MOST:
            raise CatsError(f"slices is {briefly(self.slices)}; allowed are 1 to {MOST}")
        if self.views == "orthogonal" and self.slices % AXES:
            raise CatsError(
                f"slices is {self.slices}; with views: orthogonal it must be a multiple of {AXES}, one for each axis"
            )

    def places(self, axis: int = 0) -> list[tuple[int, int]]:
        """(axis, number of slices along it) in the order of the views; `axis`: along which single `slices` are taken."""
        return [(axis, self.slices)] if self.views == "slices" else [(each, self.slices // AXES) for each in range(AXES)]

    def of(self, volume: np.ndarray, axis: int = 0) -> tuple[np.ndarray, ...]:
        """The slices of a volume (A, B, C): for each axis those in the middles of equal parts of the axis.

        Where an axis has fewer slices than are wanted, neighbours are equal.
        """
        return tuple(
            np.take(volume, place, axis=each)
            for each, count in self.places(axis)
            for place in middles(volume.shape[each], count)
        )


def middles(length: int, count: int) -> list[int]:
    """The numbers of the slices in the middles of `count` equal parts of an axis of `length` slices."""
    return [(2 * part + 1) * length // (2 * count) for part in range(count)]
