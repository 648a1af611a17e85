"""Bures distance between covariances, as in the Fréchet distance of Gaussians, without the root of a D × D matrix."""

import numpy as np
from scipy.linalg import svdvals

from benchmark.specs.needs import Array


def covariance_factor(rows: Array) -> Array:
    """A with A'A the covariance of (N, E) rows: rows minus their mean, over the root of N - 1. One image has covariance 0."""
    return np.asarray((rows - rows.mean(axis=0)) / np.sqrt(max(len(rows) - 1, 1)))


def triangular(factor: Array) -> Array:
    """R with R'R = A'A of at most E rows, for a factor A (N, E)."""
    return np.asarray(np.linalg.qr(factor, mode="r")) if len(factor) > factor.shape[1] else factor


def root_trace(one: Array, other: Array) -> float:
    """tr((S1 S2)^(1/2)) for S1 = A'A and S2 = B'B: the sum of the singular values of A B'."""
    return float(svdvals(one @ other.T, check_finite=False).sum())
