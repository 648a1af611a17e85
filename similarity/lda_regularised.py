"""Regularised discriminant analysis: how surely Gaussians with one common covariance tell the classes."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
import scipy.special

from benchmark.specs.measure import Array, Draws, Undefined, measure
from results.error import CatsError
from similarity._thin import added, centred, class_means, indicators, rotated


@measure(grows="N D min(N, D)", citation="Shao et al., Not all models are equal, ECCV 2022, its first half")
def lda_regularised(
    features: Array, labels: Array, *, shrinkage: float | None = None, scale: str = "raw", log: bool = False
) -> float:
    """Mean of p(y|x) over the images, in [0, 1], with p ∝ n_c exp(x' S⁻¹ m_c - 1/2 m_c' S⁻¹ m_c), S = (1-a) S_w + a tr(S_w)/D.

    features: (N, D); labels: (N,). S_w is the covariance within the classes, a = exp(-5 σ), σ the largest eigenvalue of S_w, at
    least 1e-10. This is SFDA before images are mixed, on the images that the means were taken from.
    shrinkage: a itself. scale: "raw", or "unit" for features divided so that their variances add up to 1, as a depends on the
    features' scale. log: mean of log p. Undefined where N < D + C and a is so small that every image is told for certain.

    The authors' code (TencentARC/SFDA) estimates σ in three rounds of power iteration.
    """
    fit = analysis(scaled(features, scale), features.shape[1], labels, shrinkage)
    return float(certain(fit, labels, log).mean())


@lda_regularised.bootstrap
def resampled(
    draws: Draws,
    features: Array,
    labels: Array,
    *,
    shrinkage: float | None = None,
    scale: str = "raw",
    log: bool = False,
) -> Array:
    """To first order in how often each image is drawn, its pull on means and covariance included; a held fixed.

    Too narrow where N is not several times D, as the images that are scored have shaped the Gaussians.
    """
    fit = analysis(scaled(features, scale), features.shape[1], labels, shrinkage)
    own = certain(fit, labels, log)
    effects = own / len(labels) + fit.back(fit.slopes(outer(fit, labels, log)))[0]
    return added(draws, float(own.mean()), less_class(effects, labels))


def less_class(effects: Array, labels: Array) -> Array:
    """Less the mean of each class, which is drawn as often in every resample."""
    return np.asarray(effects - (np.bincount(labels, effects) / np.bincount(labels))[labels])


def scaled(features: Array, scale: str) -> Array:
    """In at most N coordinates, see `rotated`, less their mean."""
    if scale not in {"raw", "unit"}:
        raise CatsError(f"scale is '{scale}'; it must be 'raw' or 'unit'")
    thin = rotated(centred(features))
    return thin * np.sqrt(len(thin)) / np.linalg.norm(thin) if scale == "unit" else thin


@dataclass(frozen=True)
class Analysis:
    """A discriminant analysis of images in r coordinates.

    Attributes:
        thin: images, (N, r). inside: less the mean of their class. factor: Cholesky factor of S. pulls: S⁻¹ m_c, (r, C).
        chances: p(c|x), (N, C). shrinkage: a. dims: D, the number of features before they were rotated.
    """

    thin: Array
    labels: Array
    inside: Array
    factor: tuple[Array, bool]
    pulls: Array
    chances: Array
    shrinkage: float
    dims: int

    def slopes(self, outer: Array) -> Array:
        """From the slope of something by the chances to that by the scores whose softmax they are, (N, C)."""
        return np.asarray(self.chances * (outer - (outer * self.chances).sum(axis=1, keepdims=True)))

    def back(self, slopes: Array) -> tuple[Array, Array]:
        """From slopes by the scores (N, C) to those by each image's weight (N,) and by its coordinates (N, r).

        The score of class c is x'u - m'u/2 with u = S⁻¹m. Hence dm comes with k - Gu, k = S⁻¹ Σ_j g_j x_j, G = Σ_j g_j, and
        dS with Q = (Gu/2 - k) u'. An image moves its class' mean by r/n_c and S by (1-a) rr'/N + a r'r/(DN), r = x - m.
        """
        count, numbers, u = len(self.thin), np.bincount(self.labels)[self.labels], self.pulls
        total = slopes.sum(axis=0)
        k = scipy.linalg.cho_solve(self.factor, self.thin.T @ slopes)
        left = 0.5 * total * u - k
        means = (k - total * u).T[self.labels] / numbers[:, None]
        along, across = self.inside @ u, self.inside @ left
        kept, round_ = (1 - self.shrinkage) / count, self.shrinkage * (left * u).sum() / self.dims / count
        weights = (means * self.inside).sum(axis=1) + kept * (along * across).sum(axis=1)
        weights += round_ * (self.inside**2).sum(axis=1)
        images = slopes @ u.T + means + kept * (along @ left.T + across @ u.T) + 2 * round_ * self.inside
        return weights, images


def analysis(thin: Array, dims: int, labels: Array, shrinkage: float | None) -> Analysis:
    """Of images in at most N coordinates, thin (N, r), that stand for `dims` features."""
    means, shares = class_means(thin, labels), np.bincount(labels) / len(labels)
    inside = thin - means[labels]
    S = inside.T @ inside / len(thin)
    trace = np.trace(S)
    if trace <= 1e-24 * (thin**2).sum() / len(thin):  # less than rounding leaves
        raise Undefined("no class varies")
    a = max(np.exp(-5 * _largest(S)), 1e-10) if shrinkage is None else shrinkage
    S *= 1 - a
    S.flat[:: len(S) + 1] += a * trace / dims
    try:
        factor = scipy.linalg.cho_factor(S, overwrite_a=True)
    except scipy.linalg.LinAlgError:
        raise Undefined(f"the covariance within the classes is singular, and a shrinkage of {a:.1e} does not help") from None
    pulls = scipy.linalg.cho_solve(factor, means.T)
    scores = thin @ pulls - 0.5 * (means.T * pulls).sum(axis=0) + np.log(shares)
    chances = scipy.special.softmax(scores, axis=1)
    return Analysis(thin, labels, inside, factor, pulls, chances, float(a), dims)


def certain(fit: Analysis, labels: Array, log: bool) -> Array:
    """p(y|x) or its logarithm, (N,). Raises Undefined where there are too few images for that to say anything."""
    found = np.take_along_axis(fit.chances, labels[:, None], axis=1)[:, 0]
    if len(labels) < fit.dims + fit.chances.shape[1] and found.min() > 1 - 1e-6:
        raise Undefined(f"saturated: {len(labels)} images of {fit.dims} features are all told for certain")
    return np.asarray(np.log(np.maximum(found, 1e-300))) if log else found


def outer(fit: Analysis, labels: Array, log: bool) -> Array:
    """Slope of the mean of p(y|x), or of its logarithm, by the chances, (N, C)."""
    y = indicators(labels) / len(labels)
    return np.asarray(y / np.maximum(fit.chances, 1e-300) if log else y)


def _largest(S: Array) -> float:
    """Largest eigenvalue."""
    if len(S) <= 64:
        return float(scipy.linalg.eigvalsh(S)[-1])
    start = np.random.default_rng(0).standard_normal(len(S))
    return float(scipy.sparse.linalg.eigsh(S, k=1, v0=start, tol=1e-10, return_eigenvectors=False)[0])
