"""Bootstrap draws, and data, for tests of measures."""

import numpy as np

from benchmark.specs.measure import Draws


def draws(labels, number, of_source=0, seed=0):
    """`number` stratified resamples."""
    rng = np.random.default_rng(seed)
    rows = np.empty((number, len(labels)), dtype=np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        rows[:, own] = rng.choice(own, (number, len(own)))
    return Draws(rows, rng.integers(0, max(of_source, 1), (number, of_source)))


def blobs(count=120, dims=16, classes=3, apart=3.0, seed=0):
    """Gaussian classes whose means lie `apart` standard deviations from the middle: (features, labels)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    means = rng.standard_normal((classes, dims))
    means *= apart / np.linalg.norm(means, axis=1, keepdims=True)
    return rng.standard_normal((count, dims)) + means[labels], labels
