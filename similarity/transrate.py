"""TransRate: bits needed to describe the features minus bits needed class by class, by log determinants."""

import numpy as np
import scipy.linalg

from benchmark import Array, CatsError, Draws, measure
from benchmark.measures.low_rank import centred
from benchmark.measures.pairs import counted_once, looked_at
from benchmark.measures.resampling import first_order

EPSILON = 1e-4


@measure(
    grows="N D min(N, D)",
    citation="Huang et al., Frustratingly easy transferability estimation, ICML 2022",
)
def transrate(features: Array, labels: Array, *, mean: str = "weighted", scale: str = "trace") -> float:
    """Coding rate R(F) - Σ_c n_c/N R(F_c) with R(F) = 1/2 log det(1 + F'F/(n e)), e = 1e-4, of centred features; in nats, >= 0.

    features F: (N, D); labels: (N,). mean: "weighted" by the sizes of the classes, as in the paper's equation, or "plain", as
    in the paper's listing and in Transfer-Learning-Library (thuml, `transrate.py`). scale: "trace" divides the features so that
    the trace of FF' is 1; "raw" does not, and the score then grows with the scale of the features. With few images for many
    features the score mostly reflects the number of images per feature: compare sources on the same images only.
    """
    moved = _scaled(features, scale)
    shares = _shares(labels, mean)
    rates = [_log_det(_factor(moved[labels == c])) for c in range(len(shares))]
    return float(_log_det(_factor(moved)) - shares @ rates)


@transrate.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, mean: str = "weighted", scale: str = "trace") -> Array:
    """To first order in how often each image is drawn: its effect on the determinants, on the mean and on the scale.

    A determinant loses log(1 - h_i) without image i, h_i its leverage. Duplicates would leave directions empty. What a
    pair of images changes beyond the sum of both is in the effects of both, and is counted once; above 2,000 images and N > D
    it is too little to be looked at.
    """
    moved = _scaled(features, scale)
    factor = _factor(moved)
    left, value, pull = _left(moved, factor), _log_det(factor), np.zeros(moved.shape[1])
    effects, leverage = -0.5 * np.log(left), (1 - left).sum()
    for c, share in enumerate(_shares(labels, mean)):
        own = labels == c
        rows = moved[own]
        factor = _factor(rows)
        left, rate, number = _left(rows, factor), _log_det(factor), own.sum()
        value -= share * rate
        # one more image of a class also divides its sum of squares by more, and weighs its rate more
        effects[own] += share * 0.5 * (np.log(left) + (1 - left).sum() / number) - (rate / len(labels)) * (mean == "weighted")
        leverage -= share * (1 - left).sum()
        pull += share * _pull(rows, factor)
    effects += moved @ pull / len(labels)  # the overall mean, about which each class is described
    if scale == "trace":
        effects -= 0.5 * leverage * (moved**2).sum(axis=1)
    if looked_at(*moved.shape):
        effects = counted_once(effects, _pairs(moved, labels, mean), labels)
    return first_order(draws, value, effects)


def _pairs(moved: Array, labels: Array, mean: str) -> Array:
    """What each pair of images changes in the score beyond the sum of both, (N, N).

    Without images i and j a determinant loses, beyond what it loses without each of them, log(1 - r²) with r the partial
    correlation a_ij / √(a_ii a_jj), a the inverse of 1 + XX'/(n e).
    """
    pairs = _beyond(moved)
    for c, share in enumerate(_shares(labels, mean)):
        own = np.flatnonzero(labels == c)
        pairs[np.ix_(own, own)] -= share * _beyond(moved[own])
    return pairs


def _beyond(moved: Array) -> Array:
    """1/2 log(1 - r²) of each pair of n images, (n, n), 0 on the diagonal."""
    if len(moved) > moved.shape[1]:
        half = scipy.linalg.solve_triangular(_factor(moved), moved.T / np.sqrt(len(moved) * EPSILON), lower=True)
        inverse = np.eye(len(moved)) - half.T @ half
    else:
        inverse = scipy.linalg.cho_solve((_factor(moved), True), np.eye(len(moved)))
    own = np.maximum(np.diag(inverse), 1e-15)
    squares = np.minimum(inverse**2 / np.outer(own, own), 1 - 1e-12)
    np.fill_diagonal(squares, 0)
    return np.asarray(0.5 * np.log1p(-squares))


def _scaled(features: Array, scale: str) -> Array:
    if scale not in {"trace", "raw"}:
        raise CatsError(f"transrate: scale is '{scale}'; it must be 'trace' or 'raw'")
    moved = centred(features)
    if scale == "trace":
        moved /= np.linalg.norm(moved)
    return moved


def _shares(labels: Array, mean: str) -> Array:
    if mean not in {"weighted", "plain"}:
        raise CatsError(f"transrate: mean is '{mean}'; it must be 'weighted' or 'plain'")
    numbers = np.bincount(labels)
    return numbers / len(labels) if mean == "weighted" else np.full(len(numbers), 1 / len(numbers))


def _factor(moved: Array) -> Array:
    """Lower Cholesky factor of 1 + X'X/(n e), or of 1 + XX'/(n e), which has the same determinant, whichever is smaller."""
    gram = moved.T @ moved if len(moved) > moved.shape[1] else moved @ moved.T
    gram /= len(moved) * EPSILON
    gram.flat[:: len(gram) + 1] += 1
    return np.asarray(scipy.linalg.cholesky(gram.T, lower=True, overwrite_a=True))  # transposed: not copied for LAPACK


def _log_det(factor: Array) -> float:
    """Half the logarithm of the determinant: the rate."""
    return float(np.log(np.diag(factor)).sum())


def _left(moved: Array, factor: Array) -> Array:
    """1 - h, (N,): h = x'(n e + X'X)⁻¹x is the leverage of each image; the diagonal of (1 + XX'/(n e))⁻¹."""
    right = moved.T / np.sqrt(len(moved) * EPSILON) if len(moved) > moved.shape[1] else np.eye(len(moved))
    square = (scipy.linalg.solve_triangular(factor, right, lower=True) ** 2).sum(axis=0)
    return np.asarray(np.clip(1 - square if len(moved) > moved.shape[1] else square, 1e-15, 1))


def _pull(moved: Array, factor: Array) -> Array:
    """(n e + X'X)⁻¹ times the sum of the images, (D,): the derivative of the rate as all images move."""
    scale = len(moved) * EPSILON
    if len(moved) > moved.shape[1]:
        return np.asarray(scipy.linalg.cho_solve((factor, True), moved.sum(axis=0)) / scale)
    return np.asarray(moved.T @ scipy.linalg.cho_solve((factor, True), np.ones(len(moved))) / scale)
