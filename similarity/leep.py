"""LEEP: log likelihood of the labels under the source's classes, each read as the target classes it tends to go with."""

import numpy as np

from benchmark.specs.measure import Array, Draws, measure


@measure(grows="N S", citation="Nguyen, Hassner, Seeger & Archambeau, LEEP: a new measure of transferability, ICML 2020")
def leep(probabilities: Array, labels: Array) -> float:
    """1/N Σ_i log Σ_z p(y_i|z) P_iz, p(y|z) = Σ_{i: y_i=y} P_iz / Σ_i P_iz. In (-∞, 0]; -H(Y) if P says nothing of Y.

    probabilities P: (N, S); labels: (N,). A source class to which no image gives any mass is left out: it adds nothing to the
    sum, but is 0/0 in the code of LogME (thuml), of the Transfer Learning Library and of PARC, whose whole score then is NaN.
    The code of SFDA and ETran leaves the logarithm out. A target that the source was trained on wins by construction.
    """
    return float(likelihoods(np.ones((1, len(labels))), probabilities, labels)[0])


@leep.bootstrap
def resampled(draws: Draws, probabilities: Array, labels: Array) -> Array:
    """How often each image is drawn is all that counts."""
    count = len(labels)
    weights = np.stack([np.bincount(rows, minlength=count) for rows in draws.target]).astype(np.float64)
    return likelihoods(weights, probabilities, labels)


def likelihoods(weights: Array, probabilities: Array, labels: Array) -> Array:
    """weights (B, N) of the images → (B,)."""
    groups = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    joint = [weights[:, own] @ probabilities[own] for own in groups]  # (B, S) for each class
    mass = np.maximum(sum(joint), 1e-300)
    found = np.zeros(len(weights))
    for own, part in zip(groups, joint, strict=True):
        expected = probabilities[own] @ (part / mass).T  # p(y_i), (n_y, B)
        counted = weights[:, own].T
        found += (counted * np.log(np.where(counted > 0, np.maximum(expected, 1e-300), 1.0))).sum(axis=0)
    mean: Array = found / weights.sum(axis=1)
    return mean
