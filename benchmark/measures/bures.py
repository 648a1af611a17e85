"""Bures distance between covariances, as in the Fréchet distance of Gaussians, without the root of a D × D matrix."""

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular, svdvals

from benchmark.specs.needs import Array


def covariance_factor(rows: Array) -> Array:
    """A with A'A the covariance of (N, E) rows: rows minus their mean, over the root of N - 1. One image has covariance 0."""
    return np.asarray((rows - rows.mean(axis=0)) / np.sqrt(max(len(rows) - 1, 1)))


def triangular(factor: Array) -> Array:
    """R with R'R = A'A of at most E rows, for a factor A (N, E)."""
    if len(factor) <= factor.shape[1]:
        return factor
    root = _cholesky(factor)
    return np.asarray(np.linalg.qr(factor, mode="r")) if root is None else root


def factored(factor: Array) -> tuple[Array, Array]:
    """A = QR with Q (N, k), orthonormal columns, and R (k, E); Q is the identity where A has no more rows than columns."""
    if len(factor) <= factor.shape[1]:
        return np.eye(len(factor)), factor
    root = _cholesky(factor)
    if root is None:
        basis, small = np.linalg.qr(factor)
        return np.asarray(basis), np.asarray(small)
    return np.asarray(solve_triangular(root, factor.T, trans="T", check_finite=False).T), root


def _cholesky(factor: Array) -> Array | None:
    """R by the Cholesky decomposition of the E × E matrix A'A, a third of the work of A = QR; None where it would lose digits.

    The root of a variance is wrong by about 1e-16 × largest variance / root, so that features whose standard deviations (given
    the others) differ by more than a factor of 1,000 are left to QR.
    """
    try:
        root = np.asarray(cholesky(factor.T @ factor, check_finite=False))
    except LinAlgError:
        return None
    spread = np.diagonal(root)
    return root if spread.min() > 1e-3 * spread.max() else None


def root_trace(one: Array, other: Array) -> float:
    """tr((S1 S2)^(1/2)) for S1 = A'A and S2 = B'B: the sum of the singular values of A B'."""
    return float(svdvals(one @ other.T, check_finite=False).sum())
