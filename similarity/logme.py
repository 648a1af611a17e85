"""LogME: the evidence of a Bayesian linear model from the features to the labels."""

import numpy as np
import scipy.linalg

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import indicators
from benchmark.measures.resampling import first_order


@measure(
    grows="N D min(N, D) + C min(N, D)",
    citation="You, Liu, Wang & Long, LogME: practical assessment of pre-trained models for transfer learning, ICML 2021",
)
def logme(features: Array, labels: Array) -> float:
    """Mean over classes of the highest log evidence max_{α,β} log p(y | F, α, β) / N of a linear model; y: class indicator.

    features F: (N, D); labels: (N,). The model is y = Fw + noise with w ~ N(0, 1/α) and noise ~ N(0, 1/β), without intercept,
    so y ~ N(0, 1/β + FF'/α); the evidence (eq. 2 of the paper) is maximised over α and β. Unbounded on both sides.

    The authors' code (thuml/LogME, `_fit_fixed_point`) omits (D-k)/2 log α where the features have rank k < D, which exceeds
    the score itself if N < D; it stops after 11 iterations and counts absent classes. Undefined where a class is an exact
    linear function of fewer than N features: the evidence is then unbounded.
    """
    values, inside, outside, _ = _spectrum(features, labels)
    return float(_best(values, inside, outside, len(labels))[0].mean())


@logme.bootstrap
def resampled(draws: Draws, features: Array, labels: Array) -> Array:
    """To first order, from log p(y_i | all others), the contribution of image i to the evidence; α and β are held fixed.

    At the optimum α and β have no effect of first order. Duplicate images would be fitted without error where N < D.
    """
    values, inside, outside, U = _spectrum(features, labels, whole=True)
    try:
        evidence, ridge, noise = _best(values, inside, outside, len(labels))
    except Undefined:
        return np.full(len(draws.target), np.nan)
    y = indicators(labels)
    remaining = ridge / (values[:, None] + ridge)  # (r, C): βC⁻¹ = U kept U' + (1 - UU')
    coefficients = U.T @ y
    precision = np.maximum(1 - (U**2).sum(axis=1), 0)[:, None] + U**2 @ remaining  # (N, C): noise × diagonal of C⁻¹
    precision = np.maximum(precision, 1e-15)
    pulled = y - U @ (coefficients * (1 - remaining))  # noise × C⁻¹y
    adds = 0.5 * np.log(precision / noise) - pulled**2 / precision / (2 * noise) - 0.5 * np.log(2 * np.pi)
    return first_order(draws, float(evidence.mean()), adds.mean(axis=1) / len(labels))


def _spectrum(features: Array, labels: Array, whole: bool = False) -> tuple[Array, Array, Array, Array]:
    """Eigenvalues of FF' (r,), squared coefficients of the classes along (r, C) and outside (C,) the eigenvectors U (N, r).

    U is empty for N > D unless `whole`: the coefficients are V'F'y / √values, with F'F = V values V'.
    """
    count, dims = features.shape
    y = indicators(labels)
    if count <= dims:
        values, vectors = scipy.linalg.eigh(features @ features.T, driver="evd")
    else:
        values, vectors = scipy.linalg.eigh(features.T @ features, driver="evd")
    keep = values > values[-1] * max(count, dims) * np.finfo(float).eps
    values, vectors = values[keep], vectors[:, keep]
    if count <= dims:
        U, parts = vectors, vectors.T @ y
    else:
        U = features @ (vectors / np.sqrt(values)) if whole else np.empty((count, 0))
        parts = (vectors.T @ (features.T @ y)) / np.sqrt(values)[:, None]
    inside = parts**2
    return values, inside, np.maximum(y.sum(axis=0) - inside.sum(axis=0), 0), U


def _best(values: Array, inside: Array, outside: Array, count: int) -> tuple[Array, Array, Array]:
    """The highest evidence / N, and there λ = α/β and 1/β, each (C,).

    The best 1/β is known for every λ; log λ is searched on a grid, as there may be several maxima, and then on finer grids.
    """
    classes = len(outside)
    low, high = np.log(values[0] * 1e-6), np.log(values[-1] * 1e8)
    grid = np.linspace(low, high, 4 * int(np.ceil(high - low)))[:, None].repeat(classes, axis=1)
    while True:
        evidence, noise = _evidence(grid, values, inside, outside, count)
        at = evidence.argmax(axis=0)
        step = grid[1, 0] - grid[0, 0]
        middle = np.take_along_axis(grid, at[None], axis=0)[0]
        if step < 1e-5:  # the evidence is then right to about 1e-10
            break
        grid = middle + np.linspace(-step, step, 9)[:, None]
    # all of y along fewer than N eigenvectors: as λ falls to 0, log(1/β) / 2 is won for each of the N - r other directions
    exact = (len(values) < count) & (middle <= low + 1e-3) & (outside <= count * 1e-10)
    if exact.any():
        raise Undefined(f"{exact.sum()} of {classes} classes are an exact linear function of the features: unbounded evidence")
    best = np.arange(classes)
    return evidence[at, best], np.exp(middle), noise[at, best]


def _evidence(grid: Array, values: Array, inside: Array, outside: Array, count: int) -> tuple[Array, Array]:
    """log p(y | F, λ) / N at the best 1/β, and that 1/β = y'(1 + FF'/λ)⁻¹y / N: each (G, C), for log λ in grid (G, C)."""
    evidence, noise = np.empty(grid.shape), np.empty(grid.shape)
    for row, logs in enumerate(grid):  # row by row, as (G, C, r) may be large
        ridges, back = np.unique(logs, return_inverse=True)
        ratio = values / np.exp(ridges)[:, None]  # (at most C, r)
        determinant = np.log1p(ratio).sum(axis=1)[back]
        left = 1 / (1 + ratio)
        square = left @ inside if len(ridges) == 1 else (left[back] * inside.T).sum(axis=1)
        noise[row] = np.maximum((square + outside) / count, 1e-300)
        evidence[row] = -0.5 * np.log(2 * np.pi * noise[row]) - 0.5 - 0.5 * determinant / count
    return evidence, noise
