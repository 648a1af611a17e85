"""Sub-samples of images that depend on the images and a seed, not on the order in which the images come."""

import numpy as np

from benchmark.specs.measure import Array


def sample(rows: Array, most: int, seed: int = 0, labels: Array | None = None) -> Array:
    """At most `most` row numbers of (N, D), without replacement, in a seeded order that follows the images.

    Rows are first put in the order of a random projection of them, which the same images have however they come, and then
    shuffled. With labels the classes keep their proportions, and each keeps an image where `most` allows it.
    """
    luck = np.random.default_rng(seed)
    projected = np.argsort(rows @ luck.standard_normal(rows.shape[1]), kind="stable")
    shuffled = projected[luck.permutation(len(rows))]
    if labels is not None:
        share = np.empty(len(rows))  # of its class that comes before an image
        for label in np.unique(labels):
            own = shuffled[labels[shuffled] == label]
            share[own] = np.arange(len(own)) / len(own)
        shuffled = shuffled[np.argsort(share[shuffled], kind="stable")]
    return np.asarray(shuffled[:most])


def multiplicities(drawn: Array, count: int) -> Array:
    """How often each of `count` images is in each resample: rows (B, n) → float64 (B, count)."""
    return np.stack([np.bincount(rows, minlength=count) for rows in drawn]).astype(np.float64)
