"""Concept variation: how often images that lie near each other have different labels."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators
from benchmark.measures.resampling import multiplicities, sample
from benchmark.measures.transport import square_distances

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
    return _variation(features, labels, alpha, most, seed)[1]


@concept_variation.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, alpha: float, most: int, seed: int) -> Array:
    """To first order in how often an image is drawn, as an image of its own and as a neighbour of others."""
    rows, value, effects = _variation(features, labels, alpha, most, seed)
    return np.asarray(value + (multiplicities(draws.target, len(labels))[:, rows] - 1) @ effects)


@cache_last
def _variation(features: Array, labels: Array, alpha: float, most: int, seed: int) -> tuple[Array, float, Array]:
    """Sampled row numbers, (n,), the score, and its change when an image is counted once more, (n,)."""
    rows = sample(features, most, seed, labels)
    least, width = features[rows].min(axis=0), np.ptp(features[rows], axis=0)
    varies = width > 0
    if not varies.any():
        raise Undefined("the sampled images have the same features")
    scaled, own = (features[rows][:, varies] - least[varies]) / width[varies], labels[rows]
    longest, y = np.sqrt(scaled.shape[1]), indicators(labels)[rows]
    shares, effects, heard = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(rows)))
        apart = np.sqrt(square_distances(scaled[block], scaled))
        weights = np.exp2(-alpha * apart / np.maximum(longest - apart, 1e-9))
        weights[np.arange(len(block)), block] = 0
        total = weights.sum(axis=1)
        some = heard[block] = total > 0  # an image at the longest distance from every other one has no neighbour
        weights, total = weights[some] / total[some, None], total[some]
        shares[block[some]] = 1 - (weights @ y)[np.arange(len(total)), own[block[some]]]
        unlike = own[block[some]][:, None] != own
        effects += (weights * (unlike - shares[block[some]][:, None])).sum(axis=0)
    if not heard.any():
        raise Undefined("every image is at the longest distance from every other one")
    value = -float(shares[heard].mean())
    effects += np.where(heard, shares + value, 0)
    return rows, value, -effects / heard.sum()
