"""Negative conditional entropy: how much the most likely source class says about the label."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.resampling import first_order, without_class_means


@measure(grows="N", citation="Tran, Nguyen & Hassner, Transferability and hardness of supervised classification, ICCV 2019")
def nce(probabilities: Array, labels: Array) -> float:
    """Negated conditional entropy -H(Y|Z) in nats, in [-log C, 0]: Y the label, Z the most probable source class.

    probabilities: (N, S); labels: (N,). Only pairs (z, y) that occur are summed, so nothing has to be added inside a logarithm.
    PARC's code (dbolya/parc) adds 1e-5 to joint and marginal, which biases the score where there are many source classes.
    """
    return float(_logarithms(probabilities, labels).mean())


@nce.bootstrap
def resampled(draws: Draws, probabilities: Array, labels: Array) -> Array:
    """To first order in how often an image is drawn: the change of p(y|z) is of second order.

    Resamples themselves have fewer different images for each source class, which makes the spread a quarter too wide.
    """
    logs = _logarithms(probabilities, labels)
    return first_order(draws, float(logs.mean()), without_class_means(logs / len(logs), labels))


def _logarithms(probabilities: Array, labels: Array) -> Array:
    """log p(y_i | z_i) of each image, (N,)."""
    guesses, classes = np.unique(probabilities.argmax(axis=1), return_inverse=True)[1], labels.max() + 1
    joint = np.bincount(guesses * classes + labels, minlength=(guesses.max() + 1) * classes).reshape(-1, classes)
    return np.asarray(np.log(joint[guesses, labels] / joint.sum(axis=1)[guesses]))
