"""The studentised range, fast enough for boards: scipy takes 20 ms for a pair of sources, and a board has thousands."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import ndtr

from results.statistics.distributions import t_tail

NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)
STEPS = 250  # of log s
WIDEST = 500.0  # above every critical value that is asked for
REACH = 20  # outside the steps the density of log s is below e^-20 of its maximum


@lru_cache(maxsize=64)
def _range(k: int) -> CubicSpline:
    """P(range of k standard normals <= w) for w in [0, 20]: k ∫ φ(z) (Φ(z) - Φ(z - w))^(k-1) dz."""
    widths = np.linspace(0, 20, 2001)
    z = 9 * NODES
    inner = (ndtr(z) - ndtr(z - widths[:, None])) ** (k - 1)
    return CubicSpline(widths, k * (inner * (np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))) @ (9 * WEIGHTS))


@lru_cache(maxsize=64)
def _log_critical(k: int, alpha: float) -> CubicSpline:
    """The logarithm of the critical value over 1 / degrees of freedom, which is smooth from 0 (infinitely many) to 1."""
    inverse = np.linspace(0, 1, 65) ** 2
    freedom = 1 / np.maximum(inverse, 1e-9)
    low, high = np.zeros(len(inverse)), np.full(len(inverse), WIDEST)
    for _ in range(50):
        middle = (low + high) / 2
        above = tail(middle, k, freedom) > alpha
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return CubicSpline(inverse, np.log((low + high) / 2))


def critical(k: int, freedom: np.ndarray, alpha: float) -> np.ndarray:
    """The value that the studentised range of k means exceeds with probability alpha; `freedom` has any shape, from 1 on."""
    return np.asarray(np.exp(_log_critical(k, alpha)(1 / freedom)))


def tail(q: np.ndarray, k: int, freedom: np.ndarray) -> np.ndarray:
    """P(studentised range of k means > q), for (P,) q and (P,) degrees of freedom; within 1e-6 of scipy's.

    The range is divided by s, of which freedom·s² is chi-squared: integrated over y = log s, whose density goes as
    exp(freedom (y - e^2y / 2)) and is smooth, so that equal steps suffice. Quantiles would take a hundred times longer.
    """
    if k == 2:
        return np.asarray(2 * t_tail(q / np.sqrt(2), freedom))
    finite = np.minimum(freedom, 1e9)[:, None]
    ratio = REACH / finite
    below = np.where(ratio < 0.25, 1.5 * np.sqrt(ratio), ratio + 0.5)
    above = np.log1p(2 * np.sqrt(ratio) + 2 * ratio) / 2
    y = -below + (below + above) * np.linspace(0, 1, STEPS)
    density = np.exp(finite * (y - np.expm1(2 * y) / 2))
    inside = (_range(k)(np.clip(q[:, None] * np.exp(y), 0, 20)) * density).sum(axis=1) / density.sum(axis=1)
    return np.asarray(np.clip(1 - inside, 0, 1))
