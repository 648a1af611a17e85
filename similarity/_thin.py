"""What several measures share: few coordinates for many features, and resamples told from what each image adds."""

import numpy as np
import scipy.linalg

from benchmark.specs.measure import Array, Draws, Undefined


def centred(features: Array) -> Array:
    """Features less their mean, (N, D)."""
    return np.asarray(features - features.mean(axis=0))


def rotated(features: Array) -> Array:
    """The same images in at most N coordinates, (N, min(N, D)): all inner products are kept. Features with N < D only turn.

    X' = QR with Q orthonormal, hence XX' = R'R and R' does for X.
    """
    if features.shape[0] >= features.shape[1]:
        return features
    return np.ascontiguousarray(scipy.linalg.qr(features.T, mode="r")[0][: len(features)].T)


def class_means(features: Array, labels: Array) -> Array:
    """(C, D)."""
    sums: Array = indicators(labels).T @ features
    return sums / np.bincount(labels)[:, None]


def indicators(labels: Array) -> Array:
    """One column for each class, 1 where an image is of it, (N, C)."""
    return np.asarray(labels[:, None] == np.arange(labels.max() + 1), dtype=np.float64)


def principal(features: Array, dims: int) -> Array:
    """The first principal components, (N, at most dims); those without variance are left out.

    Each points where its largest loading is positive, as in scikit-learn: not every measure is indifferent to that.
    """
    moved = centred(features)
    thin = rotated(moved)
    size = thin.shape[1]
    values, vectors = scipy.linalg.eigh(thin.T @ thin, subset_by_index=(max(0, size - dims), size - 1), driver="evr")
    keep = values > values[-1] * size * 1e-13
    found = thin @ vectors[:, keep][:, ::-1]
    loadings = moved.T @ found  # (D, dims), to a factor
    largest = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=0)[None], axis=0)
    return np.asarray(found * np.where(largest < 0, -1, 1))


def added(draws: Draws, value: float, effects: Array) -> Array:
    """Scores of all resamples to first order, (B,): value + Σ_i (w_i - 1) effect_i, w_i how often image i is drawn.

    effects: (N,), by how much the score falls when image i is left out. An image that is drawn twice then counts twice, and is
    not mistaken for two images that happen to look the same, which regressions and determinants reward.
    """
    return np.asarray(value + counts(draws, len(effects)) @ effects - effects.sum())


def counts(draws: Draws, number: int) -> Array:
    """How often each image is drawn, (B, N)."""
    return np.stack([np.bincount(rows, minlength=number) for rows in draws.target]).astype(np.float64)


def with_two(labels: Array) -> None:
    """Raises Undefined if a class has one image."""
    alone = int((np.bincount(labels) == 1).sum())
    if alone:
        raise Undefined(f"{alone} of {labels.max() + 1} classes have one image, which has no variance")
