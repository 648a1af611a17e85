"""kNN: share of the target's images whose nearest neighbours in the source's features have their class, held out."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cross_validation import average, hits, stratified_folds, votes
from benchmark.measures.low_rank import compact


@measure(
    grows="N² min(N, D)",
    citation="Cover & Hart, Nearest neighbor pattern classification, 1967; as a measure Renggli et al., CVPR 2022",
)
def knn(features: Array, labels: Array, *, k: int = 5, folds: int = 5, seed: int = 0, balanced: bool = False) -> float:
    """Held-out accuracy in [0, 1] of the vote of the k nearest images, Euclidean, of the other folds.

    features: (N, D); labels: (N,). Equal rows share a fold, so that no copy of an image votes for it. Images as far as the
    k-th share the votes that are left, and classes that tie share the image: the order of images and classes plays no part.
    balanced: mean over classes. Of a class that stands in one fold only, every image counts as wrong. The code of PARC leaves
    one image out in place of a fold, or splits the images as they are ordered, which sorted classes break.
    """
    return float(average(_hits(features, labels, k, folds, seed), labels, balanced=balanced))


@knn.bootstrap
def resampled(  # noqa: PLR0913
    draws: Draws, features: Array, labels: Array, *, k: int, folds: int, seed: int, balanced: bool
) -> Array:
    """The result of each image is held fixed and averaged over those drawn: an image drawn twice would vote for itself."""
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
    found = np.empty(len(labels))
    for one in range(number):
        out = fold == one
        shares = votes(coordinates[out], coordinates[~out], labels[~out], k, classes=classes)
        found[out] = hits(shares, labels[out])
    return found
