"""LEEP's likelihood of labels, given soft assignments of the images to source classes or clusters."""

import numpy as np

from benchmark.measures.class_statistics import indicators
from benchmark.specs.needs import Array


def label_log_likelihood(weights: Array, probabilities: Array, labels: Array) -> Array:
    """Weighted mean of log Σ_z p(y_i|z) P_iz, where p(y|z) is estimated from the same weighted images: (B, N) → (B,).

    weights: (B, N), how often each image counts. probabilities P: (N, S). labels: (N,).
    """
    groups = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    joint = [weights[:, own] @ probabilities[own] for own in groups]  # (B, S) for each class
    mass = np.maximum(sum(joint), 1e-300)
    sums = np.zeros(len(weights))
    for own, part in zip(groups, joint, strict=True):
        expected = probabilities[own] @ (part / mass).T  # p(y_i), (n_y, B)
        counted = weights[:, own].T
        sums += (counted * np.log(np.where(counted > 0, np.maximum(expected, 1e-300), 1.0))).sum(axis=0)
    mean: Array = sums / weights.sum(axis=1)
    return mean


def likelihood_effects(probabilities: Array, labels: Array) -> Array:
    """Change of the mean above when an image is counted once more, by its own term and by its part in p(y|z), (N,)."""
    y = indicators(labels)
    mass = np.maximum(probabilities.sum(axis=0), 1e-300)
    given = y.T @ probabilities / mass  # p(y|z), (C, S)
    expected = np.maximum((given[labels] * probabilities).sum(axis=1), 1e-300)
    pulls = y.T @ (probabilities / expected[:, None])  # derivative of the sum of logarithms by p(y|z), (C, S)
    through = (probabilities * (pulls[labels] - (pulls * given).sum(axis=0)) / mass).sum(axis=1)
    own = np.log(expected)
    return np.asarray((own - own.mean() + through) / len(labels))
