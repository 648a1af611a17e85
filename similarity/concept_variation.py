"""Concept variation: how often images that lie near each other have different labels."""

import numpy as np
from scipy.spatial.distance import cdist

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators
from benchmark.measures.resampling import multiplicities, sample

BLOCK = 500  # rows of distances at a time


@measure(
    grows="min(N, most)² D",
    citation="Singh, Hess & Vanschoren, Occam's model: selecting simpler representations for better transferability "
    "estimation, arXiv 2502.06925, 2025; the quantity is that of Vilalta, ICML workshop 1999",
)
def concept_variation(features: Array, labels: Array, *, alpha: float = 2.0, most: int = 1000, seed: int = 0) -> float:
    """Negated mean over images of Σ_j w_ij [y_i ≠ y_j] / Σ_j w_ij, w_ij = 2^(-α d_ij / (√D - d_ij)), j ≠ i; in [-1, 0].

    features: (N, D), each scaled to [0, 1] by its least and largest value, so that √D is the largest distance d; labels: (N,).
    A low variation means that a simple rule tells the classes apart. The paper's abstract names the quantity but its equation
    was not found; this is Vilalta's, with α = 2, as the package pymfe of one of its authors' group computes it. pymfe does not
    scale the features, which then have no weights but for the nearest. At most `most` images are sampled with `seed`, classes
    in proportion, since work grows with the square.
    """
    rows, weights = _weights(features, labels, alpha, most, seed)
    return float(_variation(np.ones((1, len(rows))), weights, labels[rows])[0])


@concept_variation.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, **options: float) -> Array:
    """The score depends only on how often each image is drawn; copies of an image are not its neighbours."""
    rows, weights = _weights(features, labels, **options)
    return _variation(multiplicities(draws.target, len(labels))[:, rows], weights, labels[rows])


@cache_last
def _weights(features: Array, labels: Array, alpha: float, most: int, seed: int) -> tuple[Array, Array]:
    """Sampled row numbers, (n,), and the weights of their pairs, (n, n)."""
    rows = sample(features, most, seed, labels)
    least, width = features[rows].min(axis=0), np.ptp(features[rows], axis=0)
    varies = width > 0
    if not varies.any():
        raise Undefined("the sampled images have the same features")
    scaled = (features[rows][:, varies] - least[varies]) / width[varies]
    longest = np.sqrt(scaled.shape[1])
    weights = np.empty((len(rows), len(rows)))
    for start in range(0, len(rows), BLOCK):
        apart = cdist(scaled[start : start + BLOCK], scaled)
        weights[start : start + BLOCK] = np.exp2(-alpha * apart / np.maximum(longest - apart, 1e-9))
    np.fill_diagonal(weights, 0)
    return rows, weights


def _variation(counts: Array, weights: Array, labels: Array) -> Array:
    """Scores for how often each image counts (B, n) → (B,)."""
    y = indicators(labels)
    scores = np.empty(len(counts))
    for number, one in enumerate(counts):
        by_class = weights @ (one[:, None] * y)
        total = by_class.sum(axis=1)
        heard = (total > 0) & (one > 0)  # an image at the longest distance from every other one has no neighbour
        if not heard.any():
            scores[number] = np.nan
            continue
        own = np.take_along_axis(by_class, labels[:, None], axis=1)[:, 0]
        scores[number] = np.average(own[heard] / total[heard] - 1, weights=one[heard])
    return scores
