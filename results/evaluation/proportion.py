"""A share of images and its interval, with patients as clusters where patients are known."""

from dataclasses import dataclass

import numpy as np

from results.statistics.distributions import normal_quantile, t_quantile
from results.statistics.influence import Predictions

HALF_95 = float(normal_quantile(0.975))  # standard errors from a value to an end of its 95 % interval


@dataclass(frozen=True)
class Estimate:
    """A value from test images and its 95 % interval.

    Attributes:
        value: NaN if there are no images.
        low, high: NaN where the interval is not known, for example because all images are of one patient.
        images: the number of images that the value is computed from.
    """

    value: float
    low: float
    high: float
    images: int


def proportion(hits: np.ndarray, groups: np.ndarray | None = None, level: float = 0.95) -> Estimate:
    """The share of images that are hits, with Wilson's interval (E. B. Wilson, JASA 22, 1927).

    Images of one patient are alike, so that they count as fewer images than they are. Their effective number is n divided by
    the design effect, which is the variance of the share over patients as a share of the binomial variance (Rao and Scott,
    Biometrics 48, 1992). It is at most n, and the quantile is Student's t with one degree of freedom fewer than patients. If
    all images are hits, or none is, the design effect is unknown, and every patient counts as one image; an interval from a
    bootstrap over patients would then have no width.

    hits: (N,) bool; groups: (N,) patients, or None if every image is of a patient of its own.
    """
    count = len(hits)
    if not count:
        return Estimate(np.nan, np.nan, np.nan, 0)
    share = float(np.mean(hits))
    effective, z = float(count), float(normal_quantile(0.5 + level / 2))
    patients = count if groups is None else len(np.unique(groups))
    if groups is not None and patients < count:
        if patients == 1:
            return Estimate(share, np.nan, np.nan, count)
        effective = _effective(np.asarray(hits, dtype=float), groups, share, patients)
        z = float(t_quantile(0.5 + level / 2, patients - 1))
    low, high = wilson(share, effective, z)
    return Estimate(share, low, high, count)


def accuracy(of: Predictions) -> Estimate:
    """The accuracy of predictions of one label for each image, with the interval of `proportion` over patients, or images."""
    return proportion(of.probabilities.argmax(axis=1) == of.truth.argmax(axis=1), of.groups)


def wilson(share: float, count: float, z: float) -> tuple[float, float]:
    """Wilson's interval of a share of `count` images, which need not be a whole number."""
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low, high = float(centre - half), float(centre + half)
    # The formula gives the ends 0 and 1 up to a rounding error.
    return (0.0 if share == 0 else low, 1.0 if share == 1 else high)


def _effective(hits: np.ndarray, groups: np.ndarray, share: float, patients: int) -> float:
    """The number of independent images whose share would vary as much as that of `patients` patients."""
    if share in {0.0, 1.0}:
        return float(patients)
    totals = np.bincount(np.unique(groups, return_inverse=True)[1], weights=hits - share)
    variance = patients / (patients - 1) * float(totals @ totals) / len(hits) ** 2
    return float(np.clip(share * (1 - share) / variance, 1, len(hits))) if variance > 0 else float(len(hits))
