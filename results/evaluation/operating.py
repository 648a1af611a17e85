"""Operating points: a threshold that is chosen on validation images, and what it does to test images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.evaluation.proportion import Estimate, proportion
from results.statistics.influence import Predictions

Fixed = Literal["sensitivity", "specificity"]
STATED: tuple[tuple[Fixed, float], ...] = (
    ("sensitivity", 0.9), ("sensitivity", 0.95), ("specificity", 0.9), ("specificity", 0.95),
)  # fmt: skip


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold for one class against the rest. An image is called positive if its probability is at least the threshold.

    Attributes:
        class_name: the class whose images are the positive ones.
        fixed: which of the two was to have the stated value on the validation images.
        stated: that value.
        threshold: chosen on the validation images.
        chosen_from: the number of validation images that decide: positive ones for a sensitivity, else negative ones.
        sensitivity, specificity: of the test images at this threshold.
    """

    class_name: str
    fixed: Fixed
    stated: float
    threshold: float
    chosen_from: int
    sensitivity: Estimate
    specificity: Estimate


def operating_points(
    classes: Sequence[str], validation: Predictions, test: Predictions, stated: Sequence[tuple[Fixed, float]] = STATED
) -> list[OperatingPoint]:
    """The operating points of each class against the rest, in the order of `classes` and of `stated`.

    A class that has no positive or no negative validation images has no points. The threshold is the largest one with at least
    the stated sensitivity on the validation images, or the smallest one with at least the stated specificity.
    """
    points = []
    for column, name in enumerate(classes):
        positive, scores = validation.truth[:, column] == 1, validation.probabilities[:, column]
        if positive.all() or not positive.any() or not np.isfinite(scores).all():
            continue
        for fixed, value in stated:
            threshold = threshold_for(fixed, value, positive, scores)
            chosen_from = int((positive if fixed == "sensitivity" else ~positive).sum())
            points.append(OperatingPoint(name, fixed, value, threshold, chosen_from, *at(threshold, test, column)))
    return points


def threshold_for(fixed: Fixed, stated: float, positive: np.ndarray, scores: np.ndarray) -> float:
    """The threshold that keeps the stated sensitivity or specificity on these images, see `operating_points`.

    positive: (N,) bool with images on both sides; scores: (N,). Raises ValueError if `stated` is not above 0 and at most 1.
    """
    from sklearn.metrics import roc_curve

    if not 0 < stated <= 1:
        raise ValueError(f"a stated {fixed} is above 0 and at most 1, not {stated}")
    false_positive, true_positive, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    allowed = 1e-12  # rounding of shares
    if fixed == "sensitivity":
        return float(thresholds[np.flatnonzero(true_positive >= stated - allowed)[0]])
    threshold = float(thresholds[np.flatnonzero(1 - false_positive >= stated - allowed)[-1]])
    # No image of these is called positive; an image with a larger score is.
    return threshold if np.isfinite(threshold) else float(np.nextafter(scores.max(), np.inf))


def at(threshold: float, test: Predictions, column: int) -> tuple[Estimate, Estimate]:
    """(sensitivity, specificity) of the test images for one class; an image is positive if its probability is >= threshold."""
    return _both(test, column, test.probabilities[:, column] >= threshold)


def as_decided(test: Predictions, column: int) -> tuple[Estimate, Estimate]:
    """(sensitivity, specificity) of the test images for one class; the most probable class decides."""
    return _both(test, column, test.probabilities.argmax(axis=1) == column)


def _both(test: Predictions, column: int, called: np.ndarray) -> tuple[Estimate, Estimate]:
    positive = test.truth[:, column] == 1
    sides = ((positive, called), (~positive, ~called))
    sensitivity, specificity = (
        proportion(right[side], None if test.groups is None else test.groups[side]) for side, right in sides
    )
    return sensitivity, specificity
