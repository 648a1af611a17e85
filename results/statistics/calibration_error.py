"""Expected calibration error (ECE) without the part that noise adds, and with an interval that holds near zero too.

The confidence of a network in its decision is compared with how often such decisions are right, in bins of equally many
decisions; the error is the mean absolute gap. Each gap is noisy, and the absolute value turns noise into error: a perfectly
calibrated network has a plain error well above zero (Bröcker and Smith, Weather and Forecasting 22, 2007; Kumar, Liang and Ma,
Verified uncertainty calibration, NeurIPS 2019). Here the value is the error at which the plain error that is expected, noise
included, is the observed one, and the ends of the interval are the errors at which the observed one is a quantile. The gaps
under an error are the most likely ones for it: every observed gap is moved by the same multiple of its variance. Such tests,
whose unknown parameters are the most likely ones, are hybrid resampling (Chuang and Lai, Statistica Sinica 10, 2000); here the
distribution is a sum of folded normal ones, so that nothing is drawn. docs/evaluation.md shows the simulated coverage.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from results.statistics.distributions import normal_quantile, t_quantile

SMALLEST_BIN, MOST_BINS = 20, 15  # images of a bin, bins
STEPS = 45  # of a bisection
TINY = 1e-12


@dataclass(frozen=True)
class Decisions:
    """The decisions of a network: the most probable class of each image; multi-label yes or no to each label.

    Attributes:
        confidence: (M,) the probability that the network gives to its decision.
        right: (M,) bool.
        clusters: (M,) patients or, of several labels, images; None if the decisions are independent.
        images: the number of images.
    """

    confidence: np.ndarray
    right: np.ndarray
    clusters: np.ndarray | None
    images: int


def decisions(truth: np.ndarray, probabilities: np.ndarray, groups: np.ndarray | None, *, multilabel: bool) -> Decisions:
    """The decisions of (N, C) probabilities; truth: (N, C) of 0 and 1; groups: (N,) or None."""
    count = len(truth)
    if not multilabel:
        guess = probabilities.argmax(axis=1)
        return Decisions(probabilities[np.arange(count), guess], truth[np.arange(count), guess] == 1, groups, count)
    yes = probabilities >= 0.5
    images = np.arange(count) if groups is None else groups
    confidence = np.where(yes, probabilities, 1 - probabilities)
    return Decisions(confidence.ravel(), (yes == (truth == 1)).ravel(), np.repeat(images, truth.shape[1]), count)


def bin_of_each(confidence: np.ndarray, images: int) -> np.ndarray:
    """(M,) the bin of each decision: at most 15 bins of equally many decisions, for at least 20 images each.

    Equal confidences are in one bin, so that the order of the images does not matter.
    """
    count = int(np.clip(images // SMALLEST_BIN, 1, MOST_BINS))
    cuts = np.arange(1, count) * len(confidence) // count
    edges = np.unique(np.sort(confidence)[cuts])
    return np.unique(np.searchsorted(edges, confidence, side="right"), return_inverse=True)[1]


@dataclass(frozen=True)
class Gaps:
    """What bins hold. Leading dimensions, if there are any, are data sets.

    Attributes:
        counts: (..., B) decisions.
        confidence, right: (..., B) mean confidence and share of right decisions.
        design: the factor by which dependent decisions, as of one patient, increase variances; at least 1.
    """

    counts: np.ndarray
    confidence: np.ndarray
    right: np.ndarray
    design: float = 1.0

    @property
    def weights(self) -> np.ndarray:
        """(..., B) shares of the decisions."""
        shares: np.ndarray = self.counts / self.counts.sum(axis=-1, keepdims=True)
        return shares

    @property
    def plain(self) -> np.ndarray:
        """(...) the mean absolute gap, noise included."""
        total: np.ndarray = (self.weights * np.abs(self.confidence - self.right)).sum(axis=-1)
        return total


def gaps_of(made: Decisions) -> tuple[Gaps, np.ndarray]:
    """The gaps of decisions, and the bin of each decision, (M,)."""
    places = bin_of_each(made.confidence, made.images)
    counts = np.bincount(places)
    confidence, right = (np.bincount(places, weights=values) / counts for values in (made.confidence, made.right.astype(float)))
    return Gaps(counts, confidence, right, _design(made, places, confidence - right)), places


def quantile_error(gaps: Gaps, z: float) -> np.ndarray:
    """(...) the error at which the observed plain error is `z` standard deviations above the expected one; 0 if there is none.

    z = 0 gives the value, and z = 1.96 and -1.96 the ends of the 95 % interval.
    """
    step = _variances(gaps, (gaps.right * gaps.counts + 0.5) / (gaps.counts + 1))
    step = step / step.max(axis=-1, keepdims=True)
    least = step.min(axis=-1)
    low = -np.abs(gaps.confidence - gaps.right).max(axis=-1) / least
    high = 1 / least
    for _ in range(STEPS):
        middle = (low + high) / 2
        more = _standardised(gaps, _moved(gaps, step, middle)) > z
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    error: np.ndarray = (gaps.weights * np.abs(gaps.confidence - _moved(gaps, step, low))).sum(axis=-1)
    return error


def value_of(made: Decisions) -> float:
    """The error of the decisions without the part that noise adds; NaN if a probability is not finite."""
    return float(quantile_error(gaps_of(made)[0], 0)) if np.isfinite(made.confidence).all() else float("nan")


def interval_of(made: Decisions, level: float = 0.95) -> tuple[float, float]:
    """The interval of `value_of`; NaN if all images are of one patient or a probability is not finite."""
    clusters = len(made.confidence) if made.clusters is None else len(np.unique(made.clusters))
    if clusters < 2 or not np.isfinite(made.confidence).all():
        return float("nan"), float("nan")
    gaps = gaps_of(made)[0]
    dependent = clusters < len(made.confidence)
    z = float(t_quantile(0.5 + level / 2, clusters - 1) if dependent else normal_quantile(0.5 + level / 2))
    return float(quantile_error(gaps, z)), float(quantile_error(gaps, -z))


def contributions(made: Decisions) -> np.ndarray:
    """(M,) what each decision adds to the plain error: the gap of the decision, with the sign of the gap of its bin."""
    gaps, places = gaps_of(made)
    signs = np.where(gaps.confidence >= gaps.right, 1.0, -1.0)[places]
    added: np.ndarray = signs * (made.confidence - made.right)
    return added


def _moved(gaps: Gaps, step: np.ndarray, far: np.ndarray) -> np.ndarray:
    """(..., B) shares of right decisions whose gaps are the observed ones, larger by `far` steps, or smaller down to zero."""
    gap = gaps.confidence - gaps.right
    size = np.maximum(np.abs(gap) + far[..., None] * step, 0)
    moved: np.ndarray = np.clip(gaps.confidence - np.where(gap >= 0, size, -size), 0, 1)
    return moved


def _standardised(gaps: Gaps, right: np.ndarray) -> np.ndarray:
    """(...) how far the observed plain error is above the expected one, in standard deviations, if `right` were the shares."""
    weights, size = gaps.weights, np.abs(gaps.confidence - right)
    mean, variance = _folded(size, np.sqrt(_variances(gaps, right)))
    error = (weights * size).sum(axis=-1)
    between = ((weights * size**2).sum(axis=-1) - error**2) / gaps.counts.sum(axis=-1) * gaps.design
    spread = np.sqrt((weights**2 * variance).sum(axis=-1) + np.maximum(between, 0))
    distance: np.ndarray = (gaps.plain - (weights * mean).sum(axis=-1)) / np.maximum(spread, TINY)
    return distance


def _variances(gaps: Gaps, right: np.ndarray) -> np.ndarray:
    variances: np.ndarray = right * (1 - right) / gaps.counts * gaps.design
    return variances


def _folded(mean: np.ndarray, deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the absolute value of a normal variable whose mean is not negative."""
    deviation = np.maximum(deviation, TINY)
    ratio = mean / deviation
    folded = deviation * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + mean * (1 - 2 * ndtr(-ratio))
    return folded, np.maximum(mean**2 + deviation**2 - folded**2, 0)


def _design(made: Decisions, places: np.ndarray, gap: np.ndarray) -> float:
    """How many times as large the variance of the error is because decisions of one patient, or image, are alike."""
    if made.clusters is None:
        return 1.0
    codes = np.unique(made.clusters, return_inverse=True)[1]
    clusters = int(codes.max()) + 1
    rest = np.where(gap >= 0, 1, -1)[places] * (made.confidence - made.right - gap[places])
    independent = float(rest @ rest)
    if clusters < 2 or independent < TINY:
        return 1.0
    totals = np.bincount(codes, weights=rest)
    return max(1.0, clusters / (clusters - 1) * float(totals @ totals) / independent)
