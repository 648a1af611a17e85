"""Label-feature correlation: whether the features of images of one class point in the same direction."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import indicators
from benchmark.measures.halves import strata_of
from benchmark.measures.pairs import counted_once, looked_at
from benchmark.measures.resampling import first_order


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
    return _correlation(ready, labels)[0]


@lfc.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, centre: bool = False) -> Array:
    """To first order in how often an image is drawn; its pair with itself counts once per draw.

    What belongs to a pair of images counts once: with 200 images of 512 features the interval was 1.14 times too wide.
    """
    ready = features - features.mean(axis=0) if centre else features
    value, effects, (by_both, by_squares, by_products) = _correlation(ready, labels)
    if looked_at(*ready.shape):
        products = _scaled(ready) @ _scaled(ready).T
        alike = np.where(labels[:, None] == labels, 1.0, -1.0)
        pairs = 2 * products * (by_both * alike + by_squares * products + by_products)
        effects = counted_once(effects, pairs, strata_of(draws.target))
    return first_order(draws, value, effects)


def _correlation(features: Array, labels: Array) -> tuple[float, Array, tuple[float, float, float]]:
    """The score, its derivative by the weight of each image, (N,), and those by three sums over pairs of images: of the
    products of FF' with the label kernel, of the squares of FF', and of FF' itself.

    Without an N × N matrix for N > D: ||FF'|| = ||F'F||, and class sums use the means.
    """
    features = _scaled(features)
    y = indicators(labels)
    norms, total = (features**2).sum(axis=1), features.sum(axis=0)
    if len(features) > features.shape[1]:
        squares = ((features @ (features.T @ features)) * features).sum(axis=1)
    else:
        squares = ((features @ features.T) ** 2).sum(axis=1)
    own = ((y @ (y.T @ features)) * features).sum(axis=1)
    every = features @ total
    ones = np.ones(len(labels))
    of_labels = 2.0 * np.bincount(labels)[labels] - len(labels)
    # sums of each matrix, and their derivatives
    (k, dk), (kk, dkk), (t, dt), (kt, dkt), (number, dn) = (
        _sum(rows, diagonal)
        for rows, diagonal in (
            (every, norms),
            (squares, norms**2),
            (of_labels, ones),
            (2 * own - every, norms),
            (ones * len(labels), ones),
        )
    )
    across, left, right = kt - k * t / number, kk - k**2 / number, number - t**2 / number
    if left * right <= 1e-24 * kk * number:
        raise Undefined("all inner products of the features are equal, or the labels' are")
    value = float(across / np.sqrt(left * right))
    by_across = dkt - (dk * t + k * dt) / number + k * t * dn / number**2
    by_left = dkk - 2 * k * dk / number + k**2 * dn / number**2
    by_right = dn - 2 * t * dt / number + t**2 * dn / number**2
    scale = np.sqrt(left * right)
    effects = by_across / scale - value / 2 * (by_left / left + by_right / right)
    return value, effects, (1 / scale, -value / 2 / left, -t / number / scale + value * k / number / left)


def _scaled(features: Array) -> Array:
    """Features of mean squared length 1: avoids overflow and does not change the correlation."""
    return np.asarray(features / np.sqrt((features**2).sum() / len(features)))


def _sum(rows: Array, diagonal: Array) -> tuple[float, Array]:
    """Σ_{i≠j} w_i w_j a_ij + Σ_i w_i a_ii for weights w of 1 and its derivative by them, (N,), from row sums and diagonal."""
    return float(rows.sum()), 2 * rows - diagonal
