"""Label-feature correlation: whether the features of images of one class point in the same direction."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import indicators
from benchmark.measures.resampling import multiplicities


@measure(
    grows="N D min(N, D)",
    citation="Deshpande et al., A linearized framework and a new benchmark for model selection for fine-tuning, 2021",
)
def lfc(features: Array, labels: Array, *, centre: bool = False) -> float:
    """Correlation of the entries of FF' with those of the label kernel (1 for two images of one class, else -1); in [-1, 1].

    features F: (N, D); labels: (N,). The mean entry is subtracted from both matrices, as published. centre=True, which we
    recommend, also subtracts the mean feature first; otherwise a large mean, as rectified features have, decides the sign.
    """
    ready = features - features.mean(axis=0) if centre else features
    return float(_correlation(np.ones((1, len(labels))), ready, labels)[0])


@lfc.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, centre: bool = False) -> Array:
    """Each sum over pairs to first order in the draws; the pair of an image with itself counts once per draw."""
    ready = features - features.mean(axis=0) if centre else features
    return _correlation(multiplicities(draws.target, len(labels)), ready, labels)


def _correlation(weights: Array, features: Array, labels: Array) -> Array:
    """Scores for weights (B, N) → (B,), without an N × N matrix for N > D: ||FF'|| = ||F'F||, and class sums use the means."""
    features = features / np.sqrt((features**2).sum() / len(features))  # avoids overflow and does not change the correlation
    y = indicators(labels)
    norms, total = (features**2).sum(axis=1), features.sum(axis=0)
    if len(features) > features.shape[1]:
        squares = ((features @ (features.T @ features)) * features).sum(axis=1)
    else:
        squares = ((features @ features.T) ** 2).sum(axis=1)
    own = ((y @ (y.T @ features)) * features).sum(axis=1)
    every = features @ total
    ones = np.ones(len(labels))
    # sums of each matrix's row i, and its diagonal
    k = _sums(weights, every, norms)
    kk = _sums(weights, squares, norms**2)
    l = _sums(weights, 2.0 * np.bincount(labels)[labels] - len(labels), ones)  # noqa: E741
    kl = _sums(weights, 2 * own - every, norms)
    number = _sums(weights, ones * len(labels), ones)
    across = kl - k * l / number
    within = (kk - k**2 / number) * (number - l**2 / number)
    flat = within <= 1e-24 * kk * number
    if flat[0] and len(flat) == 1:
        raise Undefined("all inner products of the features are equal, or the labels' are")
    return np.where(flat, np.nan, across / np.sqrt(np.where(flat, 1.0, within)))


def _sums(weights: Array, rows: Array, diagonal: Array) -> Array:
    """Σ_{i≠j} w_i w_j a_ij + Σ_i w_i a_ii to first order in w - 1, from row sums and diagonal of a matrix a: (B,)."""
    sums: Array = rows.sum() + (weights - 1) @ (2 * rows - diagonal)
    return sums
