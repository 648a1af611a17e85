"""LogME: the evidence of a Bayesian linear model from the features to the labels."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last_view
from benchmark.measures.class_statistics import indicators
from benchmark.measures.directions import require_few_directions
from benchmark.measures.eigen import Eigen, eigen
from benchmark.measures.resampling import first_order

STEPS = 2  # points of the grid for each unit of log λ: the evidence is a sum of sigmoids, which are several units wide
ROUNDS = 60  # halves alone reach 1e-7 in 23


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

    At the optimum α and β have no effect of first order. Duplicate images would be fitted without error where N < D. Raises
    Undefined where the images vary in many directions for their number: the interval was 1.25 times too wide.
    """
    require_few_directions(features=features)
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

    U is empty unless `whole`; for N > D the coefficients are V'F'y / √values, with F'F = V values V'.
    """
    count, dims = features.shape
    y = indicators(labels)
    found = _decomposed(features)
    values, U = found.values, np.empty((count, 0))
    if count <= dims:
        parts = found.along(y)
        U = found.vectors() if whole else U
    else:
        parts = found.along(features.T @ y) / np.sqrt(values)[:, None]
        U = features @ (found.vectors() / np.sqrt(values)) if whole else U
    inside = parts**2
    return values, inside, np.maximum(y.sum(axis=0) - inside.sum(axis=0), 0), U


@cache_last_view
def _decomposed(features: Array) -> Eigen:
    """Positive eigenvalues and eigenvectors of FF' or F'F, whichever is smaller."""
    count, dims = features.shape
    small = features @ features.T if count <= dims else features.T @ features
    return eigen(small, max(count, dims) * np.finfo(float).eps)


def _best(values: Array, inside: Array, outside: Array, count: int) -> tuple[Array, Array, Array]:
    """The highest evidence / N, and there λ = α/β and 1/β, each (C,).

    The best 1/β is known for every λ. A grid of log λ, which all classes share, shows every maximum, as there may be several;
    each of them is then searched by Newton's steps.
    """
    low, high = np.log(values[0] * 1e-6), np.log(values[-1] * 1e8)
    grid = np.linspace(low, high, STEPS * int(np.ceil(high - low)))
    step = grid[1] - grid[0]
    coarse = _coarse(grid, values, inside, outside, count)
    beside = np.pad(coarse, ((1, 1), (0, 0)), constant_values=-np.inf)
    # its curvature is below 0.75, so that a maximum is less than 0.1 step² above the point of the grid beside it
    likely = coarse >= coarse.max(axis=0) - 0.1 * step**2
    at, owner = np.nonzero(likely & (coarse >= beside[:-2]) & (coarse > beside[2:]))
    middle = _climbed(grid[at], step, (values, inside[:, owner], outside[owner]), count)
    evidence, noise, _, _ = _evidence(middle, values, inside[:, owner], outside[owner], count)
    classes = len(outside)
    best = np.array([np.flatnonzero(owner == c)[evidence[owner == c].argmax()] for c in range(classes)])
    # all of y along fewer than N eigenvectors: as λ falls to 0, log(1/β) / 2 is won for each of the N - r other directions
    exact = (len(values) < count) & (middle[best] <= low + 1e-3) & (outside <= count * 1e-10)
    if exact.any():
        are = "is" if exact.sum() == 1 else "are"
        raise Undefined(
            f"{exact.sum()} of {classes} classes {are} an exact linear function of the features: unbounded evidence"
        )
    return evidence[best], np.exp(middle[best]), noise[best]


def _coarse(grid: Array, values: Array, inside: Array, outside: Array, count: int) -> Array:
    """log p(y | F, λ) / N at the best 1/β, (G, C), for log λ in grid (G,), which all classes share."""
    evidence = np.empty((len(grid), len(outside)))
    for at in range(0, len(grid), 64):  # in blocks, as (G, r) may be large
        ratio = values * np.exp(-grid[at : at + 64])[:, None]
        noise = np.maximum((1 / (1 + ratio) @ inside + outside) / count, 1e-300)
        evidence[at : at + 64] = -0.5 * np.log(noise) - 0.5 * np.log1p(ratio).sum(axis=1)[:, None] / count
    return evidence


def _climbed(start: Array, step: float, spectrum: tuple[Array, Array, Array], count: int) -> Array:
    """log λ of the maximum within a step of each start, (K,): Newton's steps, or halves where one leaves what is left."""
    low, high, middle = start - step, start + step, start.copy()
    for _ in range(ROUNDS):
        _, _, slope, curvature = _evidence(middle, *spectrum, count)
        low, high = np.where(slope > 0, middle, low), np.where(slope > 0, high, middle)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = middle - slope / curvature
        moved = np.where((curvature < 0) & (moved > low) & (moved < high), moved, (low + high) / 2)
        done = np.abs(moved - middle).max() < 1e-7  # the evidence is then right to about 1e-15
        middle = moved
        if done:
            break
    return middle


def _evidence(logs: Array, values: Array, inside: Array, outside: Array, count: int) -> tuple[Array, Array, Array, Array]:
    """log p(y | F, λ) / N at the best 1/β, that 1/β = y'(1 + FF'/λ)⁻¹y / N, slope and curvature by log λ: each (K,).

    logs: log λ, (K,). inside: (r, K); outside: (K,).
    """
    ratio = values * np.exp(-logs)[:, None]  # (K, r)
    left = 1 / (1 + ratio)
    falls = left * (1 - left)  # slope of `left`
    parts = [np.einsum("kr,rk->k", one, inside) for one in (left, falls, falls * (1 - 2 * left))]
    total = np.maximum(parts[0] + outside, 1e-300)
    noise = total / count
    evidence = -0.5 * np.log(2 * np.pi * noise) - 0.5 - 0.5 * np.log1p(ratio).sum(axis=1) / count
    slope = -0.5 * parts[1] / total + 0.5 * (1 - left).sum(axis=1) / count
    curvature = -0.5 * (parts[2] / total - (parts[1] / total) ** 2) - 0.5 * falls.sum(axis=1) / count
    return evidence, noise, slope, curvature
