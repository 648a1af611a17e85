"""A metric of the test images of one network with its 95 % interval; report, card and `cats predict` all take it from here.

A board with one seed shows the same interval, see results.statistics.intervals.
"""

import numpy as np

from results.evaluation.proportion import Estimate, accuracy
from results.evaluation.reliability import calibration_error
from results.metrics import METRICS
from results.statistics.bounded import bounded_interval
from results.statistics.distributions import t_quantile
from results.statistics.influence import Predictions, patient_shares


def estimate_of(metric: str, of: Predictions) -> Estimate:
    """A metric of labelled images with its 95 % interval over patients, or over images where no patient is known.

    The interval of an accuracy is Wilson's; others are those of the delta method with the influence of each image, DeLong's for
    the AUC, over patients Obuchowski's, and Student's t with one degree of freedom fewer than patients or images. That of
    the calibration error is not symmetric, see results.statistics.calibration_error. The value is NaN where the
    metric is undefined, as the AUC is of images of one class; the ends are NaN where they are not known.
    """
    entry = METRICS[metric]
    if metric == "ece":
        return calibration_error(of)
    if metric == "accuracy" and not of.multilabel:
        return accuracy(of)
    value = entry.of(of)
    unknown = Estimate(value, np.nan, np.nan, len(of.truth))
    error, units = standard_error(metric, of) if np.isfinite(value) else (np.nan, 0)
    if np.isnan(error):
        return unknown
    # A few patients say little about how much patients differ.
    quantile = float(t_quantile(0.975, units - 1))
    low, high = map(float, bounded_interval(value, quantile * error, entry.bounds))
    return Estimate(value, low, high, len(of.truth)) if low < high else unknown


def standard_error(metric: str, of: Predictions) -> tuple[float, int]:
    """The standard error of a metric by the influence of each image, and the number of patients, or of images, behind it.

    NaN where the influence is not known, or with fewer than two of them.
    """
    influence = METRICS[metric].influence_of(of)
    shares = np.empty(0) if influence is None else patient_shares(influence[:, None], of.groups)[:, 0]
    return (float(np.sqrt((shares**2).sum())) if len(shares) > 1 else np.nan), len(shares)
