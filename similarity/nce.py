"""Negative conditional entropy: how much the most likely source class says about the label."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.gram import blocks
from benchmark.measures.resampling import first_order, without_class_means


@measure(grows="N", citation="Tran, Nguyen & Hassner, Transferability and hardness of supervised classification, ICCV 2019")
def nce(probabilities: Array, labels: Array) -> float:
    """Negated conditional entropy -H(Y|Z) in nats, in [-log C, 0]: Y the label, Z the most probable source class.

    probabilities: (N, S); labels: (N,). Only pairs (z, y) that occur are summed, so nothing has to be added inside a logarithm.
    PARC's code (dbolya/parc) adds 1e-5 to joint and marginal, which biases the score where there are many source classes.
    """
    joint, guesses = _joint(probabilities, labels)
    return float(np.log(joint[guesses, labels] / joint.sum(axis=1)[guesses]).mean())


@nce.bootstrap
def resampled(draws: Draws, probabilities: Array, labels: Array) -> Array:
    """From the score without each image, and that without each pair, which counts once in the variance (Efron & Stein, 1981).

    The sum of squared effects counts a pair twice, and resamples do it too: with few images for each source class that is up to
    a third too wide.
    """
    joint, guesses = _joint(probabilities, labels)
    of_guess, count = joint.sum(axis=1), len(labels)
    own, every = joint[guesses, labels], of_guess[guesses]
    total = _weighted_logs(joint).sum() - _weighted_logs(of_guess).sum()
    less = _weighted_logs(own) - _weighted_logs(own - 1) - _weighted_logs(every) + _weighted_logs(every - 1)
    effects = total / count - (total - less) / (count - 1)
    inside = without_class_means(effects, labels)  # what resamples with the sample's class counts see
    # beyond both images: a pair of one guess and one label, and a pair of one guess and two labels
    curved, of_all = _curvature(joint), _curvature(of_guess)
    alike = joint * (joint - 1) / 2
    unlike = of_guess * (of_guess - 1) / 2 - alike.sum(axis=1)
    twice = (float((alike * (curved - of_all[:, None]) ** 2).sum()) + float(unlike @ of_all**2)) / count**2
    summed = float(inside @ inside)
    kept = np.sqrt(max(summed - twice, summed / 2) / summed) if summed > 0 else 0.0
    return first_order(draws, total / count, effects - inside + kept * inside)


def _joint(probabilities: Array, labels: Array) -> tuple[Array, Array]:
    """Numbers of images of each most probable source class and label, (Z, C), and the former of each image, (N,)."""
    # in blocks, because numpy copies an array that is read-only before it looks for the largest
    most = np.concatenate([probabilities[rows].argmax(axis=1) for rows in blocks(len(labels))])
    guesses, classes = np.unique(most, return_inverse=True)[1], labels.max() + 1
    joint = np.bincount(guesses * classes + labels, minlength=(guesses.max() + 1) * classes).reshape(-1, classes)
    return joint.astype(np.float64), guesses


def _weighted_logs(numbers: Array) -> Array:
    """n log n, 0 for 0."""
    return np.asarray(numbers * np.log(np.maximum(numbers, 1)))


def _curvature(numbers: Array) -> Array:
    """The second difference of n log n, from n - 2 to n; 0 below 2."""
    logs = _weighted_logs(numbers) - 2 * _weighted_logs(numbers - 1) + _weighted_logs(np.maximum(numbers - 2, 0))
    return np.asarray(np.where(numbers >= 2, logs, 0.0))
