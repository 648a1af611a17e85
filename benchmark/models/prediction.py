"""A kept classifier is used on pictures, batch by batch: what it says of each, and which pictures are unlike its training."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.models.decoding import Picture, decoded
from benchmark.models.distance import Distance
from benchmark.models.incoming import Incoming
from benchmark.models.manifest import Manifest
from benchmark.models.model import NO_NUMBER, Model, predicted_classes

MOST, PIXELS = 256, 2**21  # pictures of a batch, and pixels of all of them: more would fill the caches of a CPU
JOINER = "|"  # between the labels of one picture


@dataclass(frozen=True)
class Batch:
    """What a classifier says of some pictures, one row each; NaN, and an empty class, where a picture cannot be used.

    Attributes:
        first: number of the first picture among all.
        calibrated, raw: (N, C) probabilities. predicted: the class, or all labels whose probability is at least one half.
        distance: (N,) see benchmark.models.distance. unlike: (N,) bool, whether it is above the threshold.
        reasons: why a picture cannot be used; else empty.
        grey: number of pictures that hold grey values only.
    """

    first: int
    names: Sequence[str]
    calibrated: np.ndarray
    raw: np.ndarray
    predicted: Sequence[str]
    distance: np.ndarray
    unlike: np.ndarray
    reasons: Sequence[str]
    grey: int

    @property
    def usable(self) -> np.ndarray:
        """(N,) bool."""
        return np.array([not reason for reason in self.reasons], dtype=bool)


def predict(model: Model, incoming: Incoming, threads: int) -> Iterator[Batch]:
    """Predictions of all pictures, in their order. Threads decode the next batch while the network computes.

    Raises CatsError if the reference of the classifier is damaged.
    """
    distance, reading = Distance.of(model.reference), model.manifest.reading
    size = max(1, min(MOST, PIXELS // (reading.size * reading.height)))
    pictures = decoded(zip(incoming.names, incoming.contents(), strict=True), reading, threads, ahead=size + 2 * threads)
    first = 0
    while batch := list(itertools.islice(pictures, size)):
        yield _predicted(model, distance, batch, incoming.names[first : first + len(batch)], first)
        first += len(batch)


def _predicted(model: Model, distance: Distance, pictures: Sequence[Picture], names: Sequence[str], first: int) -> Batch:
    images = [picture.image for picture in pictures if picture.image is not None]
    calibrated, raw = (np.full((len(pictures), len(model.manifest.classes)), np.nan) for _ in range(2))
    far, reasons = np.full(len(pictures), np.nan), [picture.reason for picture in pictures]
    if images:
        rows = np.array([picture.image is not None for picture in pictures])
        outputs = model.outputs(np.stack(images))
        calibrated[rows] = model.probabilities(outputs.logits)
        raw[rows] = model.probabilities(outputs.logits, calibrated=False)
        far[rows] = distance.score(outputs.features)
    for row in np.flatnonzero(~(np.isfinite(raw).all(axis=1) & np.isfinite(far))):
        calibrated[row], raw[row], far[row] = np.nan, np.nan, np.nan
        reasons[row] = reasons[row] or NO_NUMBER
    named = predicted_names(calibrated, model.manifest)
    predicted = ["" if reason else name for name, reason in zip(named, reasons, strict=True)]
    grey = sum(picture.grey for picture in pictures)
    return Batch(first, names, calibrated, raw, predicted, far, far > distance.threshold, reasons, grey)


def predicted_names(probabilities: np.ndarray, manifest: Manifest) -> list[str]:
    """The class of each row of (N, C) probabilities; of several labels all that are predicted, joined, or an empty text."""
    chosen = predicted_classes(probabilities, manifest.task)
    return [JOINER.join(itertools.compress(manifest.classes, row)) for row in chosen]
