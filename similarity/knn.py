"""Nearest neighbours: held-out accuracy of the vote of the k nearest images in the source's features."""

import numpy as np

from benchmark import Array, CatsError, Draws, Undefined, measure, nearest
from benchmark.measures.cache_last import cache_last
from benchmark.measures.cross_validation import average, hits, stratified_folds, votes_and_nearest
from benchmark.measures.resampling import sample
from benchmark.measures.subsets import subsets

METRICS = ("euclidean", "cosine")


@measure(
    grows="min(N, most) N D",
    citation="Cover & Hart, Nearest neighbor pattern classification, 1967; as a measure Renggli et al., CVPR 2022, and Sorkhei "
    "et al., arXiv 2503.18528, 2025",
    proportion=True,
)
def knn(  # noqa: PLR0913 - two needs and six options
    features: Array,
    labels: Array,
    *,
    k: int = 5,
    metric: str = "euclidean",
    folds: int = 5,
    most: int = 2000,
    seed: int = 0,
    balanced: bool = False,
) -> float:
    """Held-out accuracy, in [0, 1], of the majority vote of the k nearest images of the other folds.

    features: (N, D); labels: (N,). metric: "euclidean", or "cosine" as self-supervised learning has it; of 23 measures in
    42,000 runs, k nearest neighbours agreed best with fine-tuning (Sorkhei et al.). Equal rows share a fold, so that no copy of
    an image votes for it. Images at the distance of the k-th share the remaining votes, and classes with equally many votes
    share the image, so the order of images and classes has no effect. balanced: mean over classes. All images of a class that
    occurs in one fold only count as wrong. Above `most` images, only a sample of `most` images with `seed`, classes in
    proportion, is classified, by all images of the other folds; the interval is that of the sample. PARC's code leaves out one
    image instead of a fold, or splits the images in their order, which fails for sorted classes.
    """
    results, _, rows = _hits(features, labels, k, metric, folds, most, seed)
    return float(average(results, labels[rows], balanced=balanced))


@knn.bootstrap
def resampled(  # noqa: PLR0913
    draws: Draws,
    features: Array,
    labels: Array,
    *,
    k: int,
    metric: str,
    folds: int,
    most: int,
    seed: int,
    balanced: bool,
) -> Array:
    """Draws the images that are classified, and, on their own, halves of those that vote.

    In a resample copies vote as a block, and a vote of the majority is no smooth function of who votes: subsets that keep most
    voters spread up to 1.3 times too widely. A half has as many voters as it lacks, so its spread is that of new voters.
    """
    results, near, rows = _hits(features, labels, k, metric, folds, most, seed)
    own = average(results, labels[rows], balanced=balanced, draws=draws, rows=rows)
    weights = 1 / np.bincount(labels[rows])[labels[rows]] if balanced else np.ones(len(rows))
    halves = np.zeros((len(draws.target), len(labels)))
    for half, chosen in zip(halves, subsets(draws, labels, 0.5), strict=True):
        half[chosen] = 1
    voted = np.array([weights @ _voted(half, near, labels, rows, k) for half in halves]) / weights.sum()
    return np.asarray(own + voted - voted.mean())


def _voted(counts: Array, near: Array, labels: Array, rows: Array, k: int) -> Array:
    """Results (q,) where each neighbour, (q, kept) nearest first, counts if it is drawn, until there are k votes."""
    drawn, classes = counts[near], int(labels.max()) + 1
    taken = np.clip(k - (np.cumsum(drawn, axis=1) - drawn), 0, drawn)
    places = np.arange(len(near))[:, None] * classes + labels[near]
    shares = np.bincount(places.ravel(), taken.ravel(), len(near) * classes).reshape(len(near), classes)
    return hits(shares, labels[rows])


@cache_last
def _hits(  # noqa: PLR0913, PLR0917
    features: Array, labels: Array, k: int, metric: str, number: int, most: int, seed: int
) -> tuple[Array, Array, Array]:
    """Results (q,), nearest images of the other folds (q, kept), and row numbers (q,) of the images that are classified."""
    if k < 1:
        raise Undefined(f"knn: k is {k}; it must be 1 or more")
    fold, coordinates = stratified_folds(features, labels, number=number, seed=seed), _coordinates(features, metric)
    rows = np.sort(sample(features, most, seed, labels)) if len(labels) > most else np.arange(len(labels))
    kept = min(4 * k + 4, *(int((fold != one).sum()) for one in range(number)))  # of which half are drawn: enough for k votes
    classes, results, near = int(labels.max()) + 1, np.empty(len(rows)), np.empty((len(rows), kept), dtype=np.int64)
    for held_out in range(number):
        asked, others = fold[rows] == held_out, np.flatnonzero(fold != held_out)
        voting = coordinates[others], labels[others]
        shares, nearest_rows = votes_and_nearest(coordinates[rows[asked]], *voting, k, classes=classes, kept=kept)
        results[asked], near[asked] = hits(shares, labels[rows[asked]]), others[nearest_rows]
    return results, near, rows


def _coordinates(features: Array, metric: str) -> Array:
    """Features whose Euclidean distances have the order of the metric. Centred: products of numbers far from 0 would cancel."""
    if metric not in METRICS:
        raise CatsError(f"knn has no metric '{metric}'; it has {' and '.join(METRICS)}{nearest(metric, METRICS)}")
    if metric == "euclidean":
        return np.asarray(features - features.mean(axis=0))
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(lengths > 0, lengths, 1.0))
