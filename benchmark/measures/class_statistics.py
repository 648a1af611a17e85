"""Statistics of the classes: indicator matrix, means, and the check that every class has two images."""

import numpy as np

from benchmark.specs.needs import Array, Undefined
from results.text.counts import how_many, share_of

SMALL = 20  # images of a class, from which simulated intervals hold


def indicators(labels: Array) -> Array:
    """Indicator matrix of the classes, (N, C) float64: 1 where image i belongs to class c, else 0."""
    return np.asarray(labels[:, None] == np.arange(labels.max() + 1), dtype=np.float64)


def class_means(features: Array, labels: Array) -> Array:
    """Mean feature vector of each class: (N, D) → (C, D)."""
    sums: Array = indicators(labels).T @ features
    return sums / np.bincount(labels)[:, None]


def require_two_per_class(labels: Array) -> None:
    """Raises Undefined if a class has a single image."""
    single = int((np.bincount(labels) == 1).sum())
    if single:
        have = share_of(single, int(labels.max()) + 1, "classes", "has", "have")
        raise Undefined(f"{have} one image, which has no variance")


def require_several_per_class(labels: Array) -> None:
    """Raises Undefined, of an interval, where a class is so small that fixed results or subsets of images spread too little.

    With a class of 8 images the intervals of `nearest_mean` and `gbc` were 0.87 and 0.89 times as wide as they should be.
    """
    fewest = int(np.bincount(labels).min())
    if fewest < SMALL:
        images = how_many(fewest, "image")
        raise Undefined(f"a class has {images}, and below {SMALL} resamples do not show how much the score varies")


def require_single_label(source_labels: Array) -> None:
    """Raises Undefined for a source with several labels per image."""
    if source_labels.ndim > 1:
        raise Undefined("the source has several labels per image")
