"""PACTran: a PAC-Bayesian bound on the error of a linear head on the source's features, with a Gaussian prior."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.low_rank import principal_coordinates
from benchmark.measures.softmax_ridge import posteriors, softmax_ridge
from benchmark.measures.subsets import subset_scores, subsets


@measure(
    grows="N min(N, D)² + N min(N, D) C",
    citation="Ding, Chen, Levinboim, Changpinyo & Soricut, PACTran: PAC-Bayesian metrics for transferability, ECCV 2022",
)
def pactran(features: Array, labels: Array, *, factor: float = 1.0, variance: float = 100.0) -> float:
    """Negated PAC-Bayesian bound for a linear head with a Gaussian prior of variance/D on each of its K = D C weights.

    -min_W {1/N Σ cross-entropy + |W|²/(2λ)} - C variance/(2λ) log(λ/K tr H) with λ = factor × N and the trace of the Hessian at
    the minimum, tr H = Σ_i (|x_i|² + 1) Σ_c p_ic (1 - p_ic) + K/λ. x: centred features; all weights have one posterior
    variance; the bias has no prior.

    features: (N, D); labels: (N,). The authors' code uses factors 0.1, 1 and 10, each with a variance of 10 and of 100 times
    the factor. It starts its search at random and stops after 100 steps; here it starts at 0, as there is one minimum only.
    ETran's copy centres the caller's features in place. The score depends on the unit of the features.
    """
    if factor <= 0:
        raise Undefined(f"pactran: factor is {factor}; it must be above 0")
    inputs = principal_coordinates(features)
    wanted = np.eye(labels.max() + 1)[labels]
    return _bound(inputs, wanted, factor, variance, features.shape[1])


@pactran.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, factor: float, variance: float) -> Array:
    """From subsets of the images; each search starts at the minimum for all images, in the same coordinates.

    A resample, in which an image that is drawn twice is fitted more closely, spreads as little as 0.7 times as fresh images do.
    """
    inputs, belongs = principal_coordinates(features), np.eye(labels.max() + 1)[labels]
    start, _ = softmax_ridge(inputs, belongs, 1 / factor)

    def score(rows: Array) -> float:
        moved = inputs[rows] - inputs[rows].mean(axis=0)
        return _bound(moved, belongs[rows], factor, variance, features.shape[1], start)

    value = _bound(inputs, belongs, factor, variance, features.shape[1], start)
    return subset_scores(subsets(draws, labels, 0.8), len(labels), value, score)


def _bound(inputs: Array, wanted: Array, factor: float, variance: float, dims: int, start: Array | None = None) -> float:
    """The score of centred inputs (n, r) and wanted (n, C): one-hot rows times how often the image counts."""
    counts = wanted.sum(axis=1)
    total, classes = counts.sum(), wanted.shape[1]
    strength, weights = factor * total, dims * classes  # λ, K
    best, least = softmax_ridge(inputs, wanted, 1 / factor, start, 1e-7 if start is None else 1e-2)  # N times the minimum
    p = np.exp(posteriors(inputs, best))
    norms = np.einsum("nr,nr->n", inputs, inputs) + 1
    curvature = counts * norms @ (p - p**2).sum(axis=1) + weights / strength
    return -float(least / total + classes * variance / (2 * strength) * np.log(curvature * strength / weights))
