"""Images as numbers, as new images and the reference are compared: features, predictions, statistics that have a name."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmark.models.statistics import STATISTICS

NAMED = ("brightness", "contrast", "sharpness", "saturation", "size", "shape")


@dataclass(frozen=True)
class Sample:
    """Images as numbers, one row each.

    Attributes:
        features: (N, D), the input of the network's head.
        predicted: (N, C) bool, the predicted class, or every label whose calibrated probability is at least 0.5.
        unlike: (N,) bool, whether an image is unlike any training image.
        statistics: (N, S), the columns of STATISTICS.
        groups: (N,) whole numbers, for example of patients; None if unknown.
    """

    features: np.ndarray
    predicted: np.ndarray
    unlike: np.ndarray
    statistics: np.ndarray
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, chosen: np.ndarray) -> "Sample":
        """Some of the images."""
        groups = None if self.groups is None else self.groups[chosen]
        return Sample(self.features[chosen], self.predicted[chosen], self.unlike[chosen], self.statistics[chosen], groups)

    def named(self) -> Iterator[tuple[str, np.ndarray]]:
        """The statistics of NAMED, (N,) float64: size is the side of the square of equal area, shape is width / height."""
        columns = dict(zip(STATISTICS, np.asarray(self.statistics, np.float64).T, strict=True))
        columns["size"] = np.sqrt(columns["height"] * columns["width"])
        columns["shape"] = columns["width"] / columns["height"]
        for name in NAMED:
            yield name, columns[name]
