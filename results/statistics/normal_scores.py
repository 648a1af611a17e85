"""Ranks as quantiles of the normal distribution."""

import numpy as np

from results.statistics.distributions import normal_quantile, row_ranks


def normal_scores(values: np.ndarray) -> np.ndarray:
    """The normal score of each value in its row: the quantile of (rank - 3/8) / (n + 1/4), Blom (1958).

    Args:
        values: (rows, columns); NaN where not known, and NaN in the result. Equal values share their mean rank.
    """
    number = np.isfinite(values).sum(axis=1, keepdims=True)
    return np.asarray(normal_quantile((row_ranks(values) - 0.375) / (number + 0.25)))
