"""Negative conditional entropy: how much the most likely source class says about the label."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.resampling import multiplicities


@measure(grows="N", citation="Tran, Nguyen & Hassner, Transferability and hardness of supervised classification, ICCV 2019")
def nce(probabilities: Array, labels: Array) -> float:
    """Negated conditional entropy -H(Y|Z) in nats, in [-log C, 0]: Y the label, Z the most probable source class.

    probabilities: (N, S); labels: (N,). Only pairs (z, y) that occur are summed, so nothing has to be added inside a logarithm.
    PARC's code (dbolya/parc) adds 1e-5 to joint and marginal, which biases the score where there are many source classes.
    """
    return float(_entropies(np.ones((1, len(labels))), probabilities, labels)[0])


@nce.bootstrap
def resampled(draws: Draws, probabilities: Array, labels: Array) -> Array:
    """The score depends only on how often each image is drawn."""
    return _entropies(multiplicities(draws.target, len(labels)), probabilities, labels)


def _entropies(weights: Array, probabilities: Array, labels: Array) -> Array:
    """Scores for weights (B, N) → (B,)."""
    guesses = np.unique(probabilities.argmax(axis=1), return_inverse=True)[1]
    classes = labels.max() + 1
    pair = guesses * classes + labels
    joint = np.stack([np.bincount(pair, one, minlength=(guesses.max() + 1) * classes) for one in weights])
    joint = joint.reshape(len(weights), -1, classes) / weights.sum(axis=1)[:, None, None]  # p(z, y)
    conditional = joint / np.maximum(joint.sum(axis=2, keepdims=True), 1e-300)  # p(y | z)
    entropies: Array = (joint * np.log(np.where(joint > 0, conditional, 1.0))).sum(axis=(1, 2))
    return entropies
