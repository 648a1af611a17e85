"""Temperature scaling: one number, found on validation images, that makes a network's probabilities less or more certain.

Reference: Guo, Pleiss, Sun & Weinberger, On calibration of modern neural networks, ICML 2017.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, softmax

from results.record import Task
from results.text.counts import how_many

BOUNDS = (0.05, 20.0)  # between which the temperature is searched
FEWEST = 10  # validation images that a temperature is fitted to
NOT_CALIBRATED = "the probabilities are not calibrated (temperature 1), because "
AT_A_BOUND = "the temperature is the "
ZERO = 1e-12  # in place of a probability of zero, whose logarithm is infinite


@dataclass(frozen=True)
class Temperature:
    """The temperature, and the reason why it is not the plain minimum of the loss; None if it is."""

    value: float
    note: str | None = None


def temperature_of(task: Task, labels: np.ndarray, probabilities: np.ndarray) -> Temperature:
    """The temperature between 0.05 and 20 with the smallest negative log-likelihood, and a note if images do not determine it.

    The loss is convex in 1 / temperature, so that its derivative has at most one root. The temperature is 1, which changes
    nothing, where the images say nothing about it: there are fewer than 10, they have one label only, some probability is not
    finite, or every label is the most probable one by some distance, so that ever smaller temperatures would be better.

    labels: (N,) int, multi-label (N, C) of 0 and 1 (one temperature over all labels); probabilities: (N, C).
    """
    truth = labels if task == "multilabel" else np.asarray(labels)[:, None] == np.arange(probabilities.shape[1])
    truth = np.asarray(truth, dtype=float)
    reason = _uninformative(task, truth, probabilities)
    if reason is not None:
        return Temperature(1.0, f"{NOT_CALIBRATED}{reason}")
    slope = _slope(task, truth, probabilities)
    coldest, hottest = (1 / bound for bound in BOUNDS)
    if slope(hottest) >= 0:
        note = f"{AT_A_BOUND}largest allowed one, {BOUNDS[1]:g}: the network is no better than chance"
        return Temperature(BOUNDS[1], f"{note} on the validation images")
    if slope(coldest) <= 0:
        note = f"{AT_A_BOUND}smallest allowed one, {BOUNDS[0]:g}: the network is far less certain than it is right"
        return Temperature(BOUNDS[0], f"{note} on the validation images")
    return Temperature(1 / float(brentq(slope, hottest, coldest, xtol=1e-12, rtol=1e-12)))


def is_of_temperature(note: str) -> bool:
    """Whether a note among others is one of `temperature_of`."""
    return note.startswith((NOT_CALIBRATED, AT_A_BOUND))


def apply_temperature(task: Task, probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """(N, C) probabilities whose logits are divided by the temperature; 1 returns them as they are.

    Raises ValueError if the temperature is not a finite number above zero.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"a temperature is a finite number above 0, not {temperature}")
    if temperature == 1:
        return probabilities
    logits = _logits(task, probabilities) / temperature
    scaled: np.ndarray = expit(logits) if task == "multilabel" else softmax(logits, axis=1)
    return scaled


def _uninformative(task: Task, truth: np.ndarray, probabilities: np.ndarray) -> str | None:
    """Why no temperature can be found from these images; None if it can."""
    count = len(truth)
    if count < FEWEST:
        return f"{how_many(count, 'validation image is', 'validation images are')} too few; {FEWEST} are needed"
    if not np.isfinite(probabilities).all():
        return "some probabilities of the validation images are not finite"
    if (truth == truth[0]).all():
        return f"all {count} validation images have the same label"
    logits = _logits(task, probabilities)
    if task == "multilabel":
        separated = np.where(truth == 1, logits, -logits).min() > 0
    else:
        separated = (np.where(truth == 1, logits, np.inf).min(axis=1) > np.where(truth == 1, -np.inf, logits).max(axis=1)).all()
    return (
        f"the network is right about all {count} validation images, so that they set no limit to its certainty"
        if separated
        else None
    )


def _logits(task: Task, probabilities: np.ndarray) -> np.ndarray:
    """(N, C) logits, up to a constant for each image; a probability of zero counts as 1e-12, or as the smallest other one."""
    if task == "multilabel":
        return np.asarray(_log(probabilities) - _log(1 - probabilities))
    return _log(probabilities)


def _log(values: np.ndarray) -> np.ndarray:
    positive = values[values > 0]
    floor = min(ZERO, float(positive.min())) if positive.size else ZERO
    return np.asarray(np.log(np.where(values > 0, values, floor)))


def _slope(task: Task, truth: np.ndarray, probabilities: np.ndarray) -> Callable[[float], float]:
    """The derivative of the mean negative log-likelihood by 1 / temperature."""
    logits = _logits(task, probabilities)

    def slope(inverse: float) -> float:
        expected = expit(logits * inverse) if task == "multilabel" else softmax(logits * inverse, axis=1)
        return float(((expected - truth) * logits).sum(axis=1).mean())

    return slope
