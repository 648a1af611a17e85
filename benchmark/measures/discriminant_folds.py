"""Discriminant analysis that is scored on images which it was not fitted to, and the influence of each image on its score."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.special

from benchmark.measures.class_statistics import indicators
from benchmark.measures.low_rank import centred, rotated
from benchmark.specs.needs import Array, Undefined


@dataclass(frozen=True)
class Fit:
    """One discriminant analysis with the classes' means m and the covariance S, log p(c|x) = x'u - m'u/2 + log n_c + const.

    Attributes:
        train, test: rows of the images it was fitted to, and of those it is scored on. counts: images of each class in train.
        residuals: of the images of train, minus the mean of their class, (n, r). factor: Cholesky factor of S; None for S = 1.
        directions: u = S⁻¹m, (C, r). posteriors: p(c|x) of the images of test, (t, C).
        shrinkage: a of S = (1-a) W + a tr(W)/D, W the covariance within the classes; dims: D.
    """

    train: Array
    test: Array
    counts: Array
    residuals: Array
    factor: tuple[Array, bool] | None
    directions: Array
    posteriors: Array
    shrinkage: float
    dims: int


def fits(features: Array, labels: Array, folds: Array | None, *, shrunk: bool) -> tuple[Array, list[Fit]]:
    """Coordinates of the images (N, min(N, D)), and one fit for each fold, scored on this fold; folds=None: one of all on all.

    shrunk: S is the covariance within the classes, shrunk as by Ledoit and Wolf, else 1. A class without an image in a fit has
    probability 0. Raises Undefined if no class varies within.
    """
    inputs, belongs = rotated(centred(features)), indicators(labels)
    middle = belongs.T @ inputs / belongs.sum(axis=0)[:, None]
    residuals = inputs - middle[labels]
    if shrunk and (residuals**2).sum() <= 1e-12 * (inputs**2).sum():
        raise Undefined("no class varies within")
    parts = _parts(len(labels), folds)
    # The sums over all images but those of a fold are differences; residuals are small, so that nothing cancels.
    own = [residuals[test].T @ residuals[test] for _, test in parts] if shrunk else []
    total = np.sum(own, axis=0) if shrunk else np.zeros((0, 0))
    found = []
    for number, (train, test) in enumerate(parts):
        counts = belongs[train].sum(axis=0)
        shift = belongs[train].T @ residuals[train] / np.maximum(counts, 1)[:, None]
        means, within = middle + shift, residuals[train] - shift[labels[train]]
        factor, shrinkage, directions = None, 0.0, means
        if shrunk:
            scatter = (total if folds is None else total - own[number]) - (shift * counts[:, None]).T @ shift
            factor, shrinkage = _factor(scatter / len(train), within, features.shape[1])
            directions = scipy.linalg.cho_solve(factor, means.T, check_finite=False).T
        with np.errstate(divide="ignore"):
            offsets = np.log(counts / len(train)) - np.einsum("cr,cr->c", means, directions) / 2
        posteriors = scipy.special.softmax(inputs[test] @ directions.T + offsets, axis=1)
        found.append(Fit(train, test, counts, within, factor, directions, posteriors, shrinkage, features.shape[1]))
    return inputs, found


def own_posteriors(found: list[Fit], labels: Array) -> Array:
    """p(y_i|x_i) of each image under the fit that is scored on it, (N,)."""
    own = np.empty(len(labels))
    for fit in found:
        own[fit.test] = fit.posteriors[np.arange(len(fit.test)), labels[fit.test]]
    return own


def influences(inputs: Array, found: list[Fit], labels: Array) -> Array:
    """Derivative of the mean of `own_posteriors` by the weight of each image, as scored and as fitted to, (N,)."""
    own = own_posteriors(found, labels)
    effects = (own - own.mean()) / len(labels)
    by_shrinkage = 0.0
    for fit in found:
        wanted = fit.posteriors[np.arange(len(fit.test)), labels[fit.test]][:, None]
        slopes = fit.posteriors * wanted * -1  # d p_y / d logit_c = p_y ([c = y] - p_c)
        slopes[np.arange(len(fit.test)), labels[fit.test]] += wanted[:, 0]
        slopes /= len(labels)
        effects[fit.train] += _through_fit(fit, inputs[fit.test], slopes, labels[fit.train])
        by_shrinkage += _by_shrinkage(fit, inputs[fit.test], slopes)
    if by_shrinkage:
        effects += by_shrinkage * _shrinkage_influence(inputs, labels, found[0].dims)
    return np.asarray(effects)


def _parts(count: int, folds: Array | None) -> list[tuple[Array, Array]]:
    """Rows of the images to fit to and of the images to score."""
    every = np.arange(count)
    return [(every, every)] if folds is None else [(every[folds != f], every[folds == f]) for f in range(folds.max() + 1)]


def _factor(within: Array, residuals: Array, dims: int) -> tuple[tuple[Array, bool], float]:
    """Cholesky factor of the shrunk covariance, and its shrinkage."""
    trace, squared = float(np.trace(within)), float(np.vdot(within, within))
    shrinkage = _ledoit_wolf(squared, trace, float((_squares(residuals) ** 2).mean()), len(residuals), dims)
    made = (1 - shrinkage) * within
    made.flat[:: len(made) + 1] += shrinkage * trace / dims
    try:
        factor = scipy.linalg.cho_factor(made, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError as error:
        raise Undefined("the covariance within classes is singular") from error
    diagonal = np.diagonal(factor[0])
    if not diagonal.min() > 1e-8 * diagonal.max():  # beyond it the solution has no digits
        raise Undefined("the covariance within classes is singular")
    return factor, shrinkage


def _ledoit_wolf(squared: float, trace: float, fourth: float, count: int, dims: int) -> float:
    """Ledoit and Wolf's a = (Σ|x|⁴/N - |W|²) / N / (|W|² - tr(W)²/D), x: images minus the mean of their class, W = Σ xx'/N."""
    apart = squared - trace**2 / dims
    return float(np.clip((fourth - squared) / count / apart, 0, 1)) if apart > 1e-12 * squared else 1.0


def _squares(rows: Array) -> Array:
    return np.asarray(np.einsum("nr,nr->n", rows, rows))


def _moved(fit: Fit, inputs: Array, slopes: Array) -> tuple[Array, Array]:
    """k = S⁻¹ Σ g x and the left factors of the derivative by S, Σ_c (G_c u_c / 2 - k_c) u_c', (r, C) each."""
    total, pulled = slopes.sum(axis=0), inputs.T @ slopes
    k = pulled if fit.factor is None else scipy.linalg.cho_solve(fit.factor, pulled, check_finite=False)
    return k, total * fit.directions.T / 2 - k


def _through_fit(fit: Fit, inputs: Array, slopes: Array, labels: Array) -> Array:
    """Derivative by the weight of each image of train, through means, covariance and class shares, with a held fixed.

    slopes g: derivatives by the logits of the images of test, (t, C). An image moves the mean of its class by r/n_c, W by
    (rr' - W)/n and the share of its class, r: its residual.
    """
    total, (k, left) = slopes.sum(axis=0), _moved(fit, inputs, slopes)
    shares = np.maximum(fit.counts, 1)
    by_means = (k - total * fit.directions.T).T / shares[:, None]
    effects = np.einsum("nr,nr->n", by_means[labels], fit.residuals) + (total / shares)[labels]
    if fit.factor is not None:
        along = np.einsum("nc,nc->n", fit.residuals @ fit.directions.T, fit.residuals @ left)
        spherical = np.einsum("rc,cr->", left, fit.directions) / fit.dims
        by_covariance = ((1 - fit.shrinkage) * along + fit.shrinkage * spherical * _squares(fit.residuals)) / len(labels)
        effects += by_covariance - by_covariance.mean()
    return np.asarray(effects)


def _by_shrinkage(fit: Fit, inputs: Array, slopes: Array) -> float:
    """Derivative by a: that of S is tr(W)/D - W. 0 where a is at one of its bounds, or S = 1."""
    if fit.factor is None or not 0 < fit.shrinkage < 1:
        return 0.0
    _, left = _moved(fit, inputs, slopes)
    along = np.einsum("nc,nc->", fit.residuals @ fit.directions.T, fit.residuals @ left) / len(fit.train)
    spherical = np.einsum("rc,cr->", left, fit.directions) / fit.dims
    return float(spherical * _squares(fit.residuals).mean() - along)


def _shrinkage_influence(inputs: Array, labels: Array, dims: int) -> Array:
    """Derivative of Ledoit and Wolf's a by the weight of each image, from all images, (N,)."""
    belongs, count = indicators(labels), len(labels)
    numbers = belongs.sum(axis=0)
    rows = inputs - (belongs.T @ inputs / numbers[:, None])[labels]
    within = rows.T @ rows / count
    squares, trace, squared = _squares(rows), float(np.trace(within)), float(np.vdot(within, within))
    fourth, apart = float((squares**2).mean()), squared - trace**2 / dims
    twice = 2 * (np.einsum("nr,nr->n", rows @ within, rows) - squared)  # of |W|^2
    skew = belongs.T @ (rows * squares[:, None]) / numbers[:, None]  # through the means, to which |W|^2 and tr(W) are flat
    top = squares**2 - fourth - 4 * np.einsum("nr,nr->n", skew[labels], rows) - twice
    bottom = twice - 2 * trace * (squares - trace) / dims
    return np.asarray((top / count - (fourth - squared) / count * bottom / apart) / apart / count)
