"""Sub-samples and bootstrap resamples of images."""

from typing import Literal

import numpy as np

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array

Shares = Literal["held", "drawn"]


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


def bootstrap_rows(labels: Array, count: int, shares: Shares, rng: np.random.Generator) -> Array:
    """Row numbers drawn with replacement, (count, N) int64.

    shares: "held" draws class by class, so that every resample has the class counts of the sample; an interval then leaves out
    the sampling error of these counts, which all sources of a target share. "drawn" draws from all rows; a class that is lost
    gets one of its images in the place of one of a class that has several. Several labels per image, (N, C): always from all
    rows.
    """
    if labels.ndim > 1 or not len(labels) or shares == "drawn":
        rows = rng.integers(0, max(len(labels), 1), (count, len(labels)))
        for label in np.unique(labels) if labels.ndim == 1 else ():
            own = np.flatnonzero(labels == label)
            for number in np.flatnonzero((labels[rows] != label).all(axis=1)):
                drawn = labels[rows[number]]
                rows[number, rng.choice(np.flatnonzero(np.bincount(drawn)[drawn] > 1))] = rng.choice(own)
        return rows
    rows = np.empty((count, len(labels)), dtype=np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        rows[:, own] = rng.choice(own, (count, len(own)))
    return rows


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
