"""Sub-samples and bootstrap resamples of images."""

import numpy as np

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array


def sample(rows: Array, most: int, seed: int = 0, labels: Array | None = None) -> Array:
    """Draw at most `most` row numbers of (N, D) without replacement; the order of the images does not change which are drawn.

    The rows are sorted by a random projection, which depends on their content alone, and then shuffled with `seed`. With
    labels (N,) the classes keep their proportions, and each class keeps at least one image if `most` allows it.
    """
    rng = np.random.default_rng(seed)
    projected = np.argsort(rows @ rng.standard_normal(rows.shape[1]), kind="stable")
    shuffled = projected[rng.permutation(len(rows))]
    if labels is not None:
        share = np.empty(len(rows))  # the part of its class that comes before an image
        for label in np.unique(labels):
            own = shuffled[labels[shuffled] == label]
            share[own] = np.arange(len(own)) / len(own)
        shuffled = shuffled[np.argsort(share[shuffled], kind="stable")]
    return np.asarray(shuffled[:most])


def multiplicities(drawn: Array, count: int) -> Array:
    """How often each of `count` images occurs in each resample: row numbers (B, n) → float64 (B, count)."""
    return np.stack([np.bincount(rows, minlength=count) for rows in drawn]).astype(np.float64)


def first_order(draws: Draws, value: float, effects: Array) -> Array:
    """Approximate the scores of all resamples to first order, (B,): value + Σ_i (w_i - 1) effect_i, w_i how often i is drawn.

    effects: (N,), by how much the score falls when image i is left out. An image that is drawn twice counts twice. A score
    computed on the resample itself would treat the copies as two images that look the same by chance, and regressions and
    determinants reward such images.
    """
    return np.asarray(value + multiplicities(draws.target, len(effects)) @ effects - effects.sum())


def without_class_means(effects: Array, labels: Array) -> Array:
    """Subtract from each effect (N,) the mean of its class: every resample holds equally many images of a class."""
    return np.asarray(effects - (np.bincount(labels, effects) / np.bincount(labels))[labels])
