"""Nearest neighbours: held-out accuracy of the vote of the k nearest images in the source's features."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cross_validation import average, hits, stratified_folds, votes
from benchmark.measures.low_rank import compact


@measure(
    grows="N² min(N, D)",
    citation="Cover & Hart, Nearest neighbor pattern classification, 1967; as a measure Renggli et al., CVPR 2022",
)
def knn(features: Array, labels: Array, *, k: int = 5, folds: int = 5, seed: int = 0, balanced: bool = False) -> float:
    """Held-out accuracy, in [0, 1], of the majority vote of the k nearest images (Euclidean) of the other folds.

    features: (N, D); labels: (N,). Equal rows share a fold, so that no copy of an image votes for it. Images at the distance of
    the k-th share the remaining votes, and classes with equally many votes share the image, so the order of images and classes
    has no effect. balanced: mean over classes. All images of a class that occurs in one fold only count as wrong. PARC's code
    leaves out one image instead of a fold, or splits the images in their order, which fails for sorted classes.
    """
    return float(average(_hits(features, labels, k, folds, seed), labels, balanced=balanced))


@knn.bootstrap
def resampled(  # noqa: PLR0913
    draws: Draws, features: Array, labels: Array, *, k: int, folds: int, seed: int, balanced: bool
) -> Array:
    """Averages the fixed result of each image: a duplicate would otherwise vote for itself."""
    return average(_hits(features, labels, k, folds, seed), labels, balanced=balanced, draws=draws)


def _hits(features: Array, labels: Array, k: int, number: int, seed: int) -> Array:
    """Result of each image, (N,)."""
    if k < 1:
        raise Undefined(f"{k} neighbours have no vote")
    fold, coordinates, classes = (
        stratified_folds(features, labels, number=number, seed=seed),
        compact(features),
        int(labels.max()) + 1,
    )
    results = np.empty(len(labels))
    for held_out in range(number):
        out = fold == held_out
        shares = votes(coordinates[out], coordinates[~out], labels[~out], k, classes=classes)
        results[out] = hits(shares, labels[out])
    return results
