"""How much the test images move the difference of two sources that predict the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.metrics import Metric
from results.statistics.influence import Predictions, patient_shares, same_images
from results.statistics.pairing import APART, why_apart

RESAMPLES = 200


@dataclass(frozen=True)
class ImageVariance:
    """Variance of the mean difference from the test images, its degrees of freedom, and the method.

    `count`: how many there are that count each alone: patients where these are known, else images; `images`: how many images.
    """

    variance: float
    freedom: float
    count: int | None
    method: str
    images: int | None = None

    @property
    def patients(self) -> int | None:
        """The number of patients; None where every image counts alone."""
        return None if self.count == self.images else self.count


def _not_counted(why: str) -> ImageVariance:
    return ImageVariance(0.0, np.inf, None, f"the sampling error of the test images is not counted: {why}")


def image_variance(metric: Metric, known: Sequence[tuple[Predictions | None, Predictions | None]] | None) -> ImageVariance:
    """From the predictions of both sources, one pair for each seed."""
    pairs = [(one, other) for one, other in known or () if one is not None and other is not None]
    if known is None or len(pairs) < len(known):
        return _not_counted("there are no predictions")
    first = pairs[0][0]
    other = next((of for both in pairs for of in both if not same_images(first, of)), None)
    if other is not None:
        why = why_apart([first.samples, other.samples])
        return _not_counted("the runs do not share them" if why == APART else why)
    unit = "test images" if first.groups is None else "patients"
    shifts = [(metric.influence_of(one), metric.influence_of(other)) for one, other in pairs]
    gaps = [one - other for one, other in shifts if one is not None and other is not None]
    if len(gaps) == len(shifts):
        shares = patient_shares(np.mean(gaps, axis=0)[:, None], first.groups)
        if len(shares) > 1:
            method = f"{len(shares)} {unit}, {metric.test}"
            return ImageVariance(float((shares**2).sum()), len(shares) - 1.0, len(shares), method, len(first.samples))
    elif metric.compute is not None and metric.influence is None:
        return _bootstrap(metric, pairs, unit)
    return _not_counted(f"their influence on {metric.name} is not known")


def _bootstrap(metric: Metric, pairs: Sequence[tuple[Predictions, Predictions]], unit: str) -> ImageVariance:
    """Resamples of patients or images, the same for both sources and all seeds."""
    first, rng = pairs[0][0], np.random.default_rng(0)
    codes = np.arange(len(first.samples)) if first.groups is None else np.unique(first.groups, return_inverse=True)[1]
    members: Mapping[int, np.ndarray] = pd.Series(np.arange(len(codes))).groupby(codes).indices  # type: ignore[assignment]
    count, drawn = len(members), []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[int(code)] for code in rng.integers(count, size=count)])
        gaps = [metric.of(one.at(rows)) - metric.of(other.at(rows)) for one, other in pairs]
        drawn.append(float(np.mean(gaps)))
    defined = np.array(drawn)[np.isfinite(drawn)]
    if count < 2 or len(defined) < RESAMPLES / 2:
        return _not_counted("most resamples are undefined")
    method = f"{count} {unit}, bootstrap of {RESAMPLES}"
    return ImageVariance(float(defined.var(ddof=1)), count - 1.0, count, method, len(codes))
