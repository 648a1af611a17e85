"""Ranks as quantiles of the normal distribution."""

import numpy as np


def normal_scores(values: np.ndarray) -> np.ndarray:
    """The normal score of each value in its row: the quantile of (rank - 3/8) / (n + 1/4), Blom (1958).

    Args:
        values: (rows, columns); NaN where not known, and NaN in the result. Equal values share their mean rank.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=1, nan_policy="omit")
    number = np.isfinite(values).sum(axis=1, keepdims=True)
    return np.asarray(ndtri((ranks - 0.375) / (number + 0.25)))
