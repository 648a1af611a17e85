"""What a protocol is given and what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.machine.meter import Meter
from benchmark.specs.cell import Cell


@dataclass(frozen=True)
class Task:
    """A cell with its images.

    Attributes:
        images: all images of the target's data set, at the size of the recipe.
        rows: of `train`, `val` and `test`: which of the images belong to the part, (N,) int.
    """

    cell: Cell
    dataset: Dataset
    images: Decoded
    rows: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class CellResult:
    """What a protocol found for a cell.

    Attributes:
        curves: one value per epoch, or per value that was tried.
        validation: figures of the epoch or value that was chosen on the validation images.
        facts: how the numbers came about, as text.
        probabilities: of the test images, (N, classes) float64; None until they have been predicted.
    """

    curves: dict[str, list[float]]
    validation: dict[str, float]
    facts: dict[str, str] = field(default_factory=dict)
    probabilities: np.ndarray | None = None


class Protocol(ABC):
    """A way to turn a start and the images of a target into predictions."""

    @abstractmethod
    def run(self, task: Task, meter: Meter) -> Iterator[CellResult]:
        """Yield the result, as a rule twice: after training without `probabilities`, and complete at the end.

        A cell that is stopped, or that fails, after the first one keeps it in its record. The meter's phases say which work
        counts as what. Raises CatsError where the images or the recipe do not allow a fit.
        """
