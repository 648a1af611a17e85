"""The images of a data set that measures see."""

from dataclasses import dataclass

import numpy as np
import torch

from benchmark.core.seed import generator
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.data.split import Subsample, draw_rows
from benchmark.training.device_images import as_float, on_device


@dataclass(frozen=True)
class ChosenImages:
    """Some images of a data set: `rows` (K,) int64 of `images`."""

    dataset: Dataset
    images: Decoded
    rows: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Labels, (K,) int64; multi-label (K, C)."""
        labels: np.ndarray = self.images.labels[self.rows]
        return labels

    @property
    def pixels(self) -> torch.Tensor:
        """The images, (K, 3, H, W) float32 in [0, 1]."""
        batch = on_device(self.images.images[self.rows], np.zeros(len(self.rows), dtype=np.int64), torch.device("cpu"))
        return as_float(batch.pixels)


def at_most(most: int, images: Decoded, rows: np.ndarray, name: str) -> np.ndarray:
    """At most `most` of the rows of the data set `name`, drawn by that name, classes in proportion."""
    return rows if len(rows) <= most else draw_rows(images.labels, rows, most, Subsample(), generator("measures", name))
