"""Intervals of means of bounded figures: an AUC, a regret, a share, a weighted τ. Arrays in, arrays out.

A mean plus and minus a multiple of its standard error may leave the values that the figure can have: a regret below 0, or above
the width of the metric. The interval is therefore made on a transformed scale that has no bounds, and brought back: the logit
between two bounds (of bounds -1 and 1 this is Fisher's z), the logarithm with one bound. The half width is multiplied by the
slope of the scale at the mean (delta method; Oehlert, The American Statistician 46, 1992; Newcombe, Logit confidence intervals
and the inverse sinh transformation, the same journal 55, 2001). Of skewed figures this covers more than Student's t on the
scale of the figure, see docs/statistics.md.
"""

import numpy as np
from scipy import special

from results.statistics.distributions import normal_quantile, t_quantile

Bounds = tuple[float, float]
MOST = 600.0  # e to this power is still a number


def bounded_interval(mean: np.ndarray | float, half: np.ndarray | float, bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """The interval of a mean inside `bounds`, of which either may be infinite.

    mean, half: the mean and the half width of its interval on the scale of the figure, of any equal shape. A mean that lies
    on a bound has no place on the transformed scale: there, the interval of the figure is cut at the bounds.
    """
    (low, high), mean, half = bounds, np.asarray(mean, float), np.asarray(half, float)
    inside = (low < mean) & (mean < high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if np.isinf(low) and np.isinf(high):
            ends = mean - half, mean + half
        elif np.isinf(high):
            factor = np.exp(np.minimum(half / (mean - low), MOST))
            ends = low + (mean - low) / factor, low + (mean - low) * factor
        elif np.isinf(low):
            factor = np.exp(np.minimum(half / (high - mean), MOST))
            ends = high - (high - mean) * factor, high - (high - mean) / factor
        else:
            share = (mean - low) / (high - low)
            place, reach = special.logit(share), half / (high - low) / (share * (1 - share))
            ends = low + (high - low) * special.expit(place - reach), low + (high - low) * special.expit(place + reach)
    cut = np.maximum(low, mean - half), np.minimum(high, mean + half)
    return np.where(inside, ends[0], cut[0]), np.where(inside, ends[1], cut[1])


def mean_interval(
    values: np.ndarray, bounds: Bounds, inside: float | np.ndarray = 0.0, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Interval over targets of the mean of (n,) or (n, k) values, one of each target; needs two targets.

    Student's t on the scale of `bounded_interval`; never narrower than `inside`, the standard error of the mean that the
    sampling error inside targets causes. A few skewed values, such as regrets of which many are 0, need more targets before the
    interval covers 95 %; a bootstrap of the targets covers less.
    """
    return bounded_interval(values.mean(axis=0), half_width(values, inside, level), bounds)


def half_width(values: np.ndarray, inside: float | np.ndarray = 0.0, level: float = 0.95) -> np.ndarray:
    """Half the width of Student's t interval of the mean of (n,) or (n, k) values; see mean_interval for `inside`."""
    alone = t_quantile(0.5 + level / 2, len(values) - 1) * (values.std(axis=0, ddof=1) / np.sqrt(len(values)))
    return np.asarray(np.maximum(alone, normal_quantile(0.5 + level / 2) * inside))


def interval_over_targets(mean: float, figures: np.ndarray, drawn: np.ndarray, bounds: Bounds) -> tuple[float, float] | None:
    """The 95 % interval of a mean over targets, wherever the mean is shown; None where nothing varies.

    figures: (n,) of each target. drawn: (R,) the mean in replicates with other seeds, test images and scores; NaN where it is
    not defined. With several targets it is that of `mean_interval`, around `mean`; with one the middle of the replicates.
    """
    drawn = drawn[np.isfinite(drawn)]
    if len(figures) < 2:
        return middle(drawn)
    low, high = bounded_interval(mean, half_width(figures, float(drawn.std()) if len(drawn) else 0.0), bounds)
    return (float(low), float(high)) if low < high else None


def middle(drawn: np.ndarray, level: float = 0.95) -> tuple[float, float] | None:
    """The middle of the finite draws; None where they do not vary."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn) or np.ptp(drawn) == 0:
        return None
    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
