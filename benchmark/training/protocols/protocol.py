"""The interface of a protocol: what it receives and what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.machine.meter import Meter
from benchmark.networks.network import Network
from benchmark.specs.cell import Cell
from benchmark.specs.recipe import Recipe
from benchmark.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Task:
    """A cell with its images.

    Attributes:
        images: all images of the target's data set, at the size of the recipe.
        rows: part (`train`, `val`, `test`) → row numbers of the images that belong to it, (N,) int.
        checkpoint: where a protocol that trains for long keeps its state between two epochs; None keeps nothing.
        keep: takes the trained network of a protocol that trains one, before its record is finished; None if nobody wants it.
    """

    cell: Cell
    dataset: Dataset
    images: Decoded
    rows: Mapping[str, np.ndarray]
    checkpoint: Checkpoint | None = None
    keep: Callable[[Network], None] | None = None


@dataclass(frozen=True)
class CellResult:
    """The result of a protocol for a cell.

    Attributes:
        curves: one value per epoch, or per value that was tried.
        validation: figures of the epoch or value that was chosen on the validation images.
        facts: how the numbers came about, as text.
        probabilities: of the test images, (N, classes) float64; None until they have been predicted.
        validation_probabilities: of the validation images, by the network or the setting that predicts the test images.
    """

    curves: dict[str, list[float]]
    validation: dict[str, float]
    facts: dict[str, str] = field(default_factory=dict)
    probabilities: np.ndarray | None = None
    validation_probabilities: np.ndarray | None = None


class Protocol(ABC):
    """A way to turn a start and the images of a target into predictions."""

    @abstractmethod
    def run(self, task: Task, meter: Meter) -> Iterator[CellResult]:
        """Yield the result, as a rule twice: after training without `probabilities`, and complete at the end.

        If the cell is stopped or fails after the first result, its record keeps that result. Each part of the work runs in a
        phase of the meter, which names the part in the costs. Raises CatsError if the images or the recipe do not allow a fit.
        """

    def too_few(self, recipe: Recipe, images: int) -> str | None:  # noqa: ARG002 - for protocols that need several
        """Why a recipe cannot be used on this number of training images, as the middle of a sentence; None if it can."""
        return None
