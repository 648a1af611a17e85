"""Corrections of p-values for several tests."""

import numpy as np

ROUNDING = 1e-6  # statistics that differ by less, in parts of the largest one, are equal


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected over a family by Holm's step-down method (1979); NaN is not counted and stays NaN."""
    corrected = np.full(len(p), np.nan)
    members = np.flatnonzero(np.isfinite(p))
    highest = 0.0
    for place, i in enumerate(members[np.argsort(p[members], kind="stable")]):
        highest = max(highest, min(1.0, (len(members) - place) * p[i]))
        corrected[i] = highest
    return corrected


def permutation_p(statistics: np.ndarray) -> np.ndarray:
    """p-values of every permutation among all, (T, B + 1) statistics of T tests: the share that is at least as large.

    The truth is the first column and counts as a permutation (Phipson & Smyth, 2010).
    """
    largest = np.abs(statistics).max(axis=1, keepdims=True)
    rounded = np.round(statistics / np.where(largest > 0, largest, 1) / ROUNDING)
    from scipy.stats import rankdata  # here, because it loads slowly and few corrections need it

    return np.asarray(rankdata(-rounded, method="max", axis=1) / statistics.shape[1])


def holm_by_permutation(p: np.ndarray) -> np.ndarray:
    """The truth's p-values corrected step by step as Holm does, from (T, B + 1) p-values of common permutations.

    Holm bounds the distribution of the smallest p-value of several tests by its number of tests; here the permutations give
    that distribution, so that tests that say the same cost nothing (Westfall & Young, Resampling-Based Multiple Testing, 1993).
    No value is larger than Holm's.
    """
    corrected, order = np.empty(len(p)), np.argsort(p[:, 0], kind="stable")
    smallest = np.minimum.accumulate(p[order][::-1], axis=0)[::-1]  # of each test and those behind it
    corrected[order] = np.maximum.accumulate(np.mean(smallest <= p[order, :1], axis=1))
    return corrected
