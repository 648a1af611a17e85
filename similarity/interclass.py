"""INT: the mean distance between images of different classes."""

import numpy as np

from benchmark import Array, CatsError, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators
from benchmark.measures.halves import pairs_once
from benchmark.measures.resampling import sample
from benchmark.measures.transport import square_distances

BLOCK = 500  # rows of distances at a time


@measure(
    grows="min(N, most)² D",
    citation="Singh, Hess & Vanschoren, Occam's model: selecting simpler representations for better transferability "
    "estimation, arXiv 2502.06925, 2025",
)
def interclass(features: Array, labels: Array, *, scale: str = "unit", most: int = 1000, seed: int = 0) -> float:
    """Pairwise normalised interclass distance (INT): mean over pairs of classes of the mean distance between their images.

    features: (N, D); labels: (N,). The paper's equation was not found: this is the INT index of cluster analysis, of which it
    has the name and the words, as the package pymfe of one of its authors' group computes it: 2 / (C (C-1)) Σ over pairs of
    classes of the sum of distances divided by the number of pairs of images. scale="raw" is that number, which grows with the
    unit of the features and so with the network. "unit", the default, divides by the root mean squared distance of all pairs of
    images, so that sources can be compared; a score is then above 0 and about 1 where the classes do not differ. At most `most`
    images are sampled with `seed`, classes in proportion.
    """
    return _between(features, labels, scale, most, seed)[1]


@interclass.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, scale: str, most: int, seed: int) -> Array:
    """To first order in how often an image is drawn; pairs of images count once."""
    rows, value, effects = _between(features, labels, scale, most, seed)
    chosen, own = features[rows], labels[rows]
    return pairs_once(draws, value, effects, lambda half: _distances(chosen[half], own[half], scale)[1], rows, own)


@cache_last
def _between(features: Array, labels: Array, scale: str, most: int, seed: int) -> tuple[Array, float, Array]:
    """Sampled row numbers, (n,), the score, and its change when an image is counted once more, (n,)."""
    if scale not in {"unit", "raw"}:
        raise CatsError(f"interclass: scale is '{scale}'; it must be 'unit' or 'raw'")
    rows = sample(features, most, seed, labels)
    return rows, *_distances(features[rows], labels[rows], scale)


def _distances(chosen: Array, labels: Array, scale: str) -> tuple[float, Array]:
    """The score of all images, and its change when an image is counted once more, (n,)."""
    count, own = len(chosen), np.unique(labels, return_inverse=True)[1]
    y = indicators(own)
    parts = np.array_split(chosen, -(-count // BLOCK))
    squares = [square_distances(part, chosen) for part in parts]
    to_class = np.concatenate([np.sqrt(part) @ y for part in squares]) / y.sum(axis=0)  # mean distance to each class, (n, C)
    others = 1 - y
    of_image = (to_class * others).sum(axis=1) / others.sum(axis=1)
    numbers = y.sum(axis=0)
    of_class = y.T @ of_image / numbers
    value = float(of_class.mean())
    if value == 0:
        raise Undefined("the sampled images have the same features")
    effects = 2 * (of_image - of_class[own]) / (numbers[own] * len(numbers))
    if scale == "unit":
        lengths = np.concatenate([part.sum(axis=1) for part in squares]) / (count - 1)
        mean = lengths.mean()
        effects = (effects - value * (lengths - mean) / (mean * count)) / np.sqrt(mean)
        value /= float(np.sqrt(mean))
    return value, effects
