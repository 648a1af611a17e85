"""Class means: an image belongs to the class whose mean feature is nearest, for targets of few images (SimpleShot).

Wang, Chao, Weinberger & van der Maaten, SimpleShot: revisiting nearest-neighbor classification for few-shot learning,
arXiv:1911.04623, with their CL2N: features are centred by the mean of the training images and scaled to length one.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, softmax

from benchmark.specs.recipe import Recipe
from benchmark.training.protocols.frozen import Fitted, FrozenProtocol, Parts, count_classes, directions, validation_curves
from benchmark.training.protocols.linear_head import CERTAIN, LinearHead
from results.error import CatsError

TEMPERATURES = tuple(float(f"{10 ** (step / 8):.4g}") for step in range(-16, 9))  # by which squared distances are divided


class Prototype(FrozenProtocol):
    """The nearest class mean of centred features of length one."""

    trains_head = False

    def fit(self, features: Parts, labels: Parts, recipe: Recipe, rule: str) -> Fitted:  # noqa: ARG002 - see fit_prototype
        """See FrozenProtocol.fit."""
        return fit_prototype(features, labels)


PROTOCOL = Prototype()


class _Scores(NamedTuple):
    """Scores are directions @ slope.T + offset, before the temperature; slope (C, D), offset (C,).

    `fixed`, (C,), is CERTAIN or -CERTAIN where no distance decides, because training images say always or never, else NaN.
    """

    slope: np.ndarray
    offset: np.ndarray
    fixed: np.ndarray


def fit_prototype(features: Parts, labels: Parts) -> Fitted:
    """Take class means on `train`, choose the temperature with the smallest validation loss, predict `test`.

    features: part → (N, D); labels: part → (N,) int, or (N, K) with a mean of the images with and of those without each label.
    Probabilities are the softmax of the negative squared distances divided by the temperature; of several labels, each has the
    softmax over its two means. The rule of the plan has nothing to choose: no temperature changes which class is nearest.
    Raises CatsError if all training images are of one class.
    """
    classes, truth = count_classes(labels), labels["train"]
    if truth.ndim == 1 and truth.min() == truth.max():
        raise CatsError(f"all {len(truth)} training images are of one class; class means need two")
    centre = features["train"].astype(np.float64).mean(axis=0)
    # A kept network does the same in torch, see benchmark.networks.layers.Direction.
    away = {part: directions(some - centre) for part, some in features.items()}
    scores = _of_labels(away["train"], truth) if truth.ndim == 2 else _of_classes(away["train"], truth, classes)
    heads = [_head(scores, temperature, centre) for temperature in TEMPERATURES]

    def predicted(part: str, head: LinearHead) -> np.ndarray:
        logits = away[part] @ head.weight.T + head.bias
        return np.asarray(expit(logits) if truth.ndim == 2 else softmax(logits, axis=1))

    val = [predicted("val", head) for head in heads]
    curves, _ = validation_curves(val, labels["val"])
    curves["temperature"] = list(TEMPERATURES)
    best = int(np.argmin(curves["val_loss"]))
    return Fitted(predicted("test", heads[best]), curves, best, val[best], heads[best])


def _of_classes(directions: np.ndarray, truth: np.ndarray, classes: int) -> _Scores:
    """The negative squared distance to the mean of each class, without the length of a direction, which is equal for all."""
    slope, offset, fixed = np.zeros((classes, directions.shape[1])), np.zeros(classes), np.full(classes, -CERTAIN)
    for label in np.unique(truth):
        mean = directions[truth == label].mean(axis=0)
        slope[label], offset[label], fixed[label] = 2 * mean, -mean @ mean, np.nan
    return _Scores(slope, offset, fixed)


def _of_labels(directions: np.ndarray, truth: np.ndarray) -> _Scores:
    """By how much the squared distance to the mean of images without a label exceeds that to the mean of images with it."""
    count = truth.shape[1]
    slope, offset, fixed = np.zeros((count, directions.shape[1])), np.zeros(count), np.full(count, np.nan)
    for label, column in enumerate(truth.T):
        if column.min() == column.max():
            fixed[label] = CERTAIN if column[0] else -CERTAIN
            continue
        present, absent = (directions[column == value].mean(axis=0) for value in (1, 0))
        slope[label], offset[label] = 2 * (present - absent), absent @ absent - present @ present
    return _Scores(slope, offset, fixed)


def _head(scores: _Scores, temperature: float, centre: np.ndarray) -> LinearHead:
    known = np.isnan(scores.fixed)
    bias = np.where(known, scores.offset / temperature, scores.fixed)
    return LinearHead(scores.slope / temperature * known[:, None], bias, centre)
