"""How far images lie from the training images of a classifier, in the features of its network: which ones are unlike them.

The distance is that to the k-th nearest training image after every feature vector was scaled to length 1 (Sun et al., Out-of-
distribution detection with deep nearest neighbors, ICML 2022). docs/models.md says how it was chosen and what it finds.
"""

import math
from dataclasses import dataclass

import numpy as np

from benchmark.models.reference import Reference
from results.error import CatsError

NEIGHBOUR = 50  # of this rank at most
PART = 10  # of fewer than 500 training images, the neighbour at one tenth of them
ORDINARY = 0.95  # of the images that the network was not trained with are not unlike the training images
CHUNK = 1024  # images whose distances to all training images are in memory at a time


@dataclass(frozen=True)
class Distance:
    """Distances of images to the training images.

    Attributes:
        training: (N, D) float32, features of length 1.
        neighbour: the rank k of the training image to which the distance is measured.
        threshold: an image that lies farther away is unlike the training images. About 5 % of images of the same kind do.
    """

    training: np.ndarray
    neighbour: int
    threshold: float

    @classmethod
    def of(cls, reference: Reference) -> "Distance":
        """Take the training images of a reference; the threshold is the 95 % quantile of its other images.

        These are the validation images; where there are none the test images, and where there are none of these either the
        training images, each without itself. Raises CatsError if there is no training image, or a feature is no number.
        """
        training = reference.of("train").features
        if not len(training):
            raise CatsError("the reference of the classifier holds no training image; keep the classifier again")
        if not np.isfinite(reference.features).all():
            raise CatsError(
                "the reference of the classifier holds features that are no finite numbers; keep the classifier again"
            )
        fitted = cls(_unit(training), min(NEIGHBOUR, max(1, len(training) // PART)), math.inf)
        held_out = next((part.features for part in map(reference.of, ("val", "test")) if len(part.features)), None)
        scores = fitted.score(held_out) if held_out is not None else fitted._without_itself()
        return cls(fitted.training, fitted.neighbour, upper_quantile(scores, ORDINARY))

    def score(self, features: np.ndarray) -> np.ndarray:
        """The distance of each row of (N, D) features, (N,) float64 from 0 to 2; NaN where a feature is no finite number."""
        return self._ranked(features, self.neighbour)

    def _without_itself(self) -> np.ndarray:
        """The distance of each training image to the others."""
        return self._ranked(self.training, min(self.neighbour + 1, len(self.training)))

    def _ranked(self, features: np.ndarray, rank: int) -> np.ndarray:
        found = [np.zeros(0)]
        for start in range(0, len(features), CHUNK):
            rows = _unit(features[start : start + CHUNK])
            near = np.partition(rows @ self.training.T, len(self.training) - rank, axis=1)[:, len(self.training) - rank]
            squared = np.maximum(2 - 2 * near.astype(np.float64), 0)
            found.append(np.where(np.isfinite(rows).all(axis=1), np.sqrt(squared), np.nan))
        return np.concatenate(found)


def upper_quantile(scores: np.ndarray, share: float) -> float:
    """The value below or at which another score of the same kind lies with probability `share` at least.

    Of n scores this is the one of rank ⌈(n + 1) · share⌉; the largest one where n is too small for the promise.
    """
    rank = min(math.ceil((len(scores) + 1) * share - 1e-9), len(scores))
    return float(np.sort(scores)[rank - 1])


def _unit(features: np.ndarray) -> np.ndarray:
    """Feature vectors of length 1, float32; a vector of zeros remains one."""
    wide = np.asarray(features, np.float64)
    with np.errstate(invalid="ignore"):  # infinity through infinity is NaN, as it should be
        scaled: np.ndarray = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
    return scaled.astype(np.float32)
