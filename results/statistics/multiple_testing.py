"""Corrections of p-values for several tests."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected over a family by Holm's step-down method (1979); NaN is not counted and stays NaN."""
    corrected = np.full(len(p), np.nan)
    members = np.flatnonzero(np.isfinite(p))
    highest = 0.0
    for place, i in enumerate(members[np.argsort(p[members], kind="stable")]):
        highest = max(highest, min(1.0, (len(members) - place) * p[i]))
        corrected[i] = highest
    return corrected
