"""Quantiles and tails of the distributions that intervals and tests need, and ranks.

`scipy.stats` gives the same numbers to the last bit, but loading it takes about as long as all the rest of a small board.
"""

import numpy as np
import pandas as pd
from scipy import special
from scipy.special import ndtri as normal_quantile  # of the standard normal distribution, for probabilities of any shape
from scipy.special import stdtrit

__all__ = ["chi2_quantile", "normal_quantile", "normal_tail", "row_ranks", "t_quantile", "t_tail"]


def t_quantile(p: np.ndarray | float, freedom: np.ndarray | float) -> np.ndarray:
    """The value that Student's t stays below with probability `p`; NaN where `freedom` is not above 0. Shapes broadcast."""
    return np.asarray(stdtrit(freedom, p))


def t_tail(value: np.ndarray | float, freedom: np.ndarray | float) -> np.ndarray:
    """The probability that Student's t is above `value`. Shapes broadcast."""
    return np.asarray(special.stdtr(freedom, -np.asarray(value)))


def normal_tail(value: np.ndarray | float) -> np.ndarray:
    """The probability that a standard normal number is above `value`, of any shape."""
    return np.asarray(special.ndtr(-np.asarray(value)))


def chi2_quantile(p: np.ndarray | float, freedom: np.ndarray | float) -> np.ndarray:
    """The value that chi-squared stays below with probability `p`. Shapes broadcast."""
    return np.asarray(2 * special.gammaincinv(np.asarray(freedom) / 2, p))


def row_ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value in its row, 1 for the smallest; equal values share their mean rank.

    Args:
        values: (columns,) or (rows, columns). NaN has no rank, NaN, and does not count for the other values.
    """
    return np.asarray(pd.DataFrame(np.atleast_2d(values)).rank(axis=1), dtype=float).reshape(np.shape(values))
