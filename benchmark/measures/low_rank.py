"""Coordinates of low rank: fewer numbers for each image that keep all distances, or the largest part of the variance."""

import numpy as np
import scipy.linalg

from benchmark.measures.cache_last import cache_last_view
from benchmark.specs.needs import Array


def centred(features: Array) -> Array:
    """Features minus their mean, (N, D)."""
    return np.asarray(features - features.mean(axis=0))


def rotated(features: Array) -> Array:
    """The same images in at most N coordinates, (N, min(N, D)); all inner products are kept. Not centred.

    For N < D: X' = QR with Q orthonormal, hence XX' = R'R, and R' takes the place of X. For N >= D nothing changes.
    """
    if features.shape[0] >= features.shape[1]:
        return features
    return np.ascontiguousarray(scipy.linalg.qr(features.T, mode="r")[0][: len(features)].T)


@cache_last_view
def principal_coordinates(features: Array) -> Array:
    """All principal coordinates of (N, D) features: (N, rank), centred, largest variance first; all distances are kept.

    Decomposes the D × D covariance or the N × N Gram matrix, whichever is smaller. The sign of a coordinate is arbitrary.
    """
    centred = features - features.mean(axis=0)
    count, dims = centred.shape
    small = centred.T @ centred if dims < count else centred @ centred.T
    values, vectors = scipy.linalg.eigh(small, overwrite_a=True, check_finite=False, driver="evd")
    positive = values > values[-1] * max(count, dims) * np.finfo(float).eps
    values, vectors = values[positive][::-1], vectors[:, positive][:, ::-1]
    coordinates: Array = centred @ vectors if dims < count else vectors * np.sqrt(values)
    return coordinates


def principal_components(features: Array, dims: int) -> Array:
    """The first principal components, (N, at most dims), largest variance first; components without variance are left out.

    The largest loading of each component is positive, as in scikit-learn, because some measures depend on the sign.
    """
    moved = centred(features)
    if len(features) <= features.shape[1]:  # the coordinates are those that other measures of the same images use
        components = principal_coordinates(features)[:, :dims]
        values = np.einsum("nd,nd->d", components, components)
        components = components[:, values > values[0] * len(features) * 1e-13]
    else:
        size = features.shape[1]
        values, vectors = scipy.linalg.eigh(moved.T @ moved, subset_by_index=(max(0, size - dims), size - 1), driver="evr")
        components = moved @ vectors[:, values > values[-1] * size * 1e-13][:, ::-1]
    loadings = moved.T @ components  # (D, dims), up to a factor
    largest = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=0)[None], axis=0)
    return np.asarray(components * np.where(largest < 0, -1, 1))


def reduced(features: Array, dims: int) -> Array:
    """Centred features in their first `dims` principal components, (N, r), but in at most N/3; dims=0: in all coordinates.

    A covariance of more than N/3 components is more an accident of the images than a property of the features.
    """
    most = max(1, min(dims, len(features) // 3))
    return principal_components(features, most) if dims and most < features.shape[1] else rotated(centred(features))
