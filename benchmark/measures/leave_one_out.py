"""Closed forms of the decrease of a score when one image is left out."""

import numpy as np

from benchmark.measures.class_statistics import indicators
from benchmark.measures.resampling import without_class_means
from benchmark.specs.needs import Array


def hscore_effects(fitted: Array, leverage: Array, labels: Array) -> Array:
    """By how much the H-score falls without image i, minus the mean of its class, which no stratified resample sees: (N,).

    H = C-1 - Σ_c J_c/n_c, where J_c is the residual sum (with a ridge: the objective) of the least squares fit of class c
    against all others, intercept without penalty. Without image i, J_c falls by e_ic²/(1 - h_i), e_ic being its residual.

    fitted: fitted values, (N, C). leverage: h, (N,), including the intercept's 1/N.
    """
    y, numbers = indicators(labels), np.bincount(labels)
    squares = (y - fitted) ** 2 / np.maximum(1 - leverage, 1e-9)[:, None]
    return without_class_means(-(squares / np.maximum(numbers - y, 1)).sum(axis=1), labels)
