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
        shift: the classes' means in train minus those of all images, (C, r). factor: Cholesky factor of S; None for S = 1.
        directions: u = S⁻¹m, (C, r). posteriors: p(c|x) of the images of test, (t, C).
        shrinkage: a of S = (1-a) W + a tr(W)/D, W the covariance within the classes; dims: D.
    """

    train: Array
    test: Array
    counts: Array
    shift: Array
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
        means = middle + shift
        factor, shrinkage, directions = None, 0.0, means
        if shrunk:
            scatter = (total if folds is None else total - own[number]) - (shift * counts[:, None]).T @ shift
            squares = _squares(residuals, shift, labels)[train]
            factor, shrinkage = _factor(scatter / len(train), squares, features.shape[1])
            directions = scipy.linalg.cho_solve(factor, means.T, check_finite=False).T
        with np.errstate(divide="ignore"):
            offsets = np.log(counts / len(train)) - np.einsum("cr,cr->c", means, directions) / 2
        posteriors = scipy.special.softmax(inputs[test] @ directions.T + offsets, axis=1)
        found.append(Fit(train, test, counts, shift, factor, directions, posteriors, shrinkage, features.shape[1]))
    return inputs, found


def own_posteriors(found: list[Fit], labels: Array) -> Array:
    """p(y_i|x_i) of each image under the fit that is scored on it, (N,)."""
    own = np.empty(len(labels))
    for fit in found:
        own[fit.test] = fit.posteriors[np.arange(len(fit.test)), labels[fit.test]]
    return own


def influences(inputs: Array, found: list[Fit], labels: Array, removed: bool = False) -> Array:
    """Derivative of the mean of `own_posteriors` by the weight of each image, as scored and as fitted to, (N,).

    removed: what the image changes in the covariance is that of leaving it out, not the derivative, which is less.
    """
    own, belongs = own_posteriors(found, labels), indicators(labels)
    residuals = inputs - (belongs.T @ inputs / belongs.sum(axis=0)[:, None])[labels]
    effects = (own - own.mean()) / len(labels)
    by_shrinkage = 0.0
    for fit in found:
        by_fit, by_a = _through_fit(fit, inputs[fit.test], residuals, _logit_slopes(fit, labels), labels, removed)
        effects[fit.train] += by_fit[fit.train]
        by_shrinkage += by_a
    if by_shrinkage:
        effects += by_shrinkage * _shrinkage_influence(residuals, labels, found[0].dims)
    return np.asarray(effects)


def through_others(inputs: Array, found: list[Fit], labels: Array, removed: bool = False) -> Array:
    """Derivative of each image's part of the mean of `own_posteriors`, rows, by the weight of each image as fitted to, (N, N).

    A sum over rows is what `influences` has of the image as fitted to, but for what it changes in the shrinkage. removed: as
    there.
    """
    count, belongs = len(labels), indicators(labels)
    middle = belongs.T @ inputs / belongs.sum(axis=0)[:, None]
    made = np.zeros((count, count))
    for fit in found:
        slopes, own = _logit_slopes(fit, labels), labels[fit.train]
        rows, means = inputs[fit.train] - (middle + fit.shift)[own], middle + fit.shift
        turned = _solved(fit, rows.T)
        across, along = inputs[fit.test] @ turned, means @ turned  # x'S⁻¹r, m'S⁻¹r
        part = slopes[:, own] * (across - along[own, np.arange(len(own))] + 1) / fit.counts[own]
        if fit.factor is not None:
            ahead = fit.directions @ rows.T  # u'r, (C, n)
            full, spherical = (1 - fit.shrinkage) / len(own), fit.shrinkage / len(own) / fit.dims
            left = 1 - full * np.einsum("nr,rn->n", rows, turned) if removed else 1.0
            part -= full * (across * (slopes @ ahead) - slopes @ (along * ahead) / 2) / left
            twice = _solved(fit, fit.directions.T)  # S⁻¹u, (r, C)
            logits = inputs[fit.test] @ twice - np.einsum("cr,rc->c", means, twice) / 2
            part -= spherical * np.einsum("tc,tc->t", slopes, logits)[:, None] * np.einsum("nr,nr->n", rows, rows)
        made[np.ix_(fit.test, fit.train)] += part
    return made


def _logit_slopes(fit: Fit, labels: Array) -> Array:
    """Derivative of the mean over all images of p(y|x) by the logits of the images of test, (t, C)."""
    here = np.arange(len(fit.test)), labels[fit.test]
    wanted = fit.posteriors[here]
    slopes = -fit.posteriors * wanted[:, None]  # d p_y / d logit_c = p_y ([c = y] - p_c)
    slopes[here] += wanted
    return np.asarray(slopes / len(labels))


def _solved(fit: Fit, columns: Array) -> Array:
    """S⁻¹ times columns (r, k)."""
    return columns if fit.factor is None else np.asarray(scipy.linalg.cho_solve(fit.factor, columns, check_finite=False))


def _parts(count: int, folds: Array | None) -> list[tuple[Array, Array]]:
    """Rows of the images to fit to and of the images to score."""
    every = np.arange(count)
    return [(every, every)] if folds is None else [(every[folds != f], every[folds == f]) for f in range(folds.max() + 1)]


def _factor(within: Array, squares: Array, dims: int) -> tuple[tuple[Array, bool], float]:
    """Cholesky factor of the shrunk covariance, and its shrinkage; squares: |x|² of the images that it is of, (n,)."""
    trace, squared = float(np.trace(within)), float(np.vdot(within, within))
    shrinkage = _ledoit_wolf(squared, trace, float((squares**2).mean()), len(squares), dims)
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


def _squares(residuals: Array, shift: Array, labels: Array) -> Array:
    """|r|² of the images from the means of a fit, (N,)."""
    rows = np.arange(len(labels))
    squares = np.einsum("nr,nr->n", residuals, residuals) - 2 * (residuals @ shift.T)[rows, labels]
    return np.asarray(squares + np.einsum("cr,cr->c", shift, shift)[labels])


def _through_fit(
    fit: Fit, inputs: Array, residuals: Array, slopes: Array, labels: Array, removed: bool = False
) -> tuple[Array, float]:
    """Derivative by the weight of each image through means, covariance and class shares, (N,), and that by a.

    inputs: images of test, (t, r). slopes g: derivatives by their logits, (t, C). The derivative by m_c is k_c - G_c u_c with
    k = S⁻¹ Σ g x and G = Σ g, that by S is Σ_c (G_c u_c / 2 - k_c) u_c'. An image moves the mean of its class by r/n_c, the
    covariance W by (rr' - W)/n and the share of its class, r: its residual. a moves S by tr(W)/D - W. removed: without
    the image S⁻¹ rr' S⁻¹ is 1/(1 - h) times as large, h = (1-a) r'S⁻¹r / n (Sherman & Morrison).
    """
    rows, shares, total = np.arange(len(labels)), np.maximum(fit.counts, 1), slopes.sum(axis=0)
    pulled, u = inputs.T @ slopes, fit.directions.T
    k = _solved(fit, pulled)
    by_means = (k - total * u) / shares
    effects = (residuals @ by_means - (fit.shift @ by_means)[labels])[rows, labels] + (total / shares)[labels]
    if fit.factor is None:
        return np.asarray(effects), 0.0
    left = total * u / 2 - k
    sides = [residuals @ each - (fit.shift @ each)[labels] for each in (u, left)]
    along = np.einsum("nc,nc->n", *sides)  # r' (Σ_c left_c u_c') r
    spherical = np.einsum("rc,rc->", left, u) / fit.dims * _squares(residuals, fit.shift, labels)
    full = (1 - fit.shrinkage) / len(fit.train)
    if removed:
        rows = residuals[fit.train] - fit.shift[labels[fit.train]]
        along[fit.train] /= 1 - full * np.einsum("nr,rn->n", rows, _solved(fit, rows.T))
    by_covariance = full * along + fit.shrinkage * spherical / len(fit.train)
    effects += by_covariance - by_covariance[fit.train].mean()
    moves = 0 < fit.shrinkage < 1
    return np.asarray(effects), float((spherical - along)[fit.train].mean()) if moves else 0.0


def _shrinkage_influence(rows: Array, labels: Array, dims: int) -> Array:
    """Derivative of Ledoit and Wolf's a by the weight of each image, from the residuals of all images, (N,)."""
    belongs, count = indicators(labels), len(labels)
    within, squares = rows.T @ rows / count, np.einsum("nr,nr->n", rows, rows)
    trace, squared = float(np.trace(within)), float(np.vdot(within, within))
    fourth, apart = float((squares**2).mean()), squared - trace**2 / dims
    twice = 2 * (np.einsum("nr,nr->n", rows @ within, rows) - squared)  # of |W|^2
    # through the means too, to which |W|^2 and tr(W) are flat
    skew = (belongs * squares[:, None]).T @ rows / belongs.sum(axis=0)[:, None]
    top = squares**2 - fourth - 4 * (rows @ skew.T)[np.arange(count), labels] - twice
    bottom = twice - 2 * trace * (squares - trace) / dims
    return np.asarray((top / count - (fourth - squared) / count * bottom / apart) / apart / count)
