"""Negative conditional entropy: how much the source's most likely class says of the label."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.resampling import multiplicities


@measure(grows="N", citation="Tran, Nguyen & Hassner, Transferability and hardness of supervised classification, ICCV 2019")
def nce(probabilities: Array, labels: Array) -> float:
    """-H(Y|Z) in nats, in [-log C, 0]: Y the label, Z the source class with the highest probability.

    probabilities: (N, S); labels: (N,). The sum goes over pairs that occur, so that nothing has to be added to a logarithm;
    the code of PARC (dbolya/parc) adds 1e-5 to joint and marginal, which biases it where there are many source classes.
    """
    return float(_entropies(np.ones((1, len(labels))), probabilities, labels)[0])


@nce.bootstrap
def resampled(draws: Draws, probabilities: Array, labels: Array) -> Array:
    """How often each image is drawn is all that counts."""
    return _entropies(multiplicities(draws.target, len(labels)), probabilities, labels)


def _entropies(weights: Array, probabilities: Array, labels: Array) -> Array:
    """weights (B, N) → (B,)."""
    guesses = np.unique(probabilities.argmax(axis=1), return_inverse=True)[1]
    classes = labels.max() + 1
    pair = guesses * classes + labels
    joint = np.stack([np.bincount(pair, one, minlength=(guesses.max() + 1) * classes) for one in weights])
    joint = joint.reshape(len(weights), -1, classes) / weights.sum(axis=1)[:, None, None]  # p(z, y)
    given = joint / np.maximum(joint.sum(axis=2, keepdims=True), 1e-300)  # p(y | z)
    found: Array = (joint * np.log(np.where(joint > 0, given, 1.0))).sum(axis=(1, 2))
    return found
