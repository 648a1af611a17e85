"""Linear discriminant analysis with one regularised covariance, and the derivatives of its class probabilities."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.linalg.blas
import scipy.sparse.linalg
import scipy.special

from benchmark.measures.class_statistics import class_means, indicators
from benchmark.measures.gram import lower_gram
from benchmark.measures.low_rank import reduced
from benchmark.specs.needs import Array, Undefined
from results.error import CatsError


@dataclass(frozen=True)
class Discriminant:
    """A discriminant analysis of N images in r coordinates, p(c|x) ∝ n_c exp(x' S⁻¹ m_c - m_c' S⁻¹ m_c / 2).

    Attributes:
        thin: coordinates of the images, (N, r). labels: (N,). means: of the classes, (C, r).
        factor: Cholesky factor of S, the regularised covariance within the classes. directions: S⁻¹ m_c, (r, C).
        posteriors: p(c|x), (N, C). shrinkage: a. dims: D, the number of features before rotation.
    """

    thin: Array
    labels: Array
    means: Array
    factor: tuple[Array, bool]
    directions: Array
    posteriors: Array
    shrinkage: float
    dims: int

    @property
    def residuals(self) -> Array:
        """Coordinates minus the mean of the image's class, (N, r); made when asked for, as few scores need them."""
        return np.asarray(self.thin - self.means[self.labels])

    def logit_slopes(self, outer: Array) -> Array:
        """Chain rule through the softmax: derivatives by the posteriors (N, C) → derivatives by the logits (N, C)."""
        return np.asarray(self.posteriors * (outer - (outer * self.posteriors).sum(axis=1, keepdims=True)))

    def image_slopes(self, slopes: Array) -> tuple[Array, Array]:
        """Derivatives by the logits (N, C) → derivatives by the weight of each image (N,) and by its coordinates (N, r).

        The logit of class c is x'u - m'u/2 with u = S⁻¹m. Its derivative by m is k - Gu, with k = S⁻¹ Σ_j g_j x_j and
        G = Σ_j g_j, and by S it is Q = (Gu/2 - k) u'. An image moves the mean of its class by r/n_c and S by
        (1-a) rr'/N + a r'r/(DN), where r = x - m.
        """
        count, numbers, u = len(self.thin), np.bincount(self.labels)[self.labels], self.directions
        total = slopes.sum(axis=0)
        k = scipy.linalg.cho_solve(self.factor, self.thin.T @ slopes)
        left = 0.5 * total * u - k
        means = (k - total * u).T[self.labels] / numbers[:, None]
        residuals = self.residuals
        along, across = residuals @ u, residuals @ left
        full, spherical = (1 - self.shrinkage) / count, self.shrinkage * (left * u).sum() / self.dims / count
        weights = (means * residuals).sum(axis=1) + full * (along * across).sum(axis=1)
        weights += spherical * (residuals**2).sum(axis=1)
        images = slopes @ u.T + means + full * (along @ left.T + across @ u.T) + 2 * spherical * residuals
        return weights, images

    def label_posteriors(self, labels: Array, log: bool) -> Array:
        """p(y|x), the posterior of each image's own class, or its logarithm, (N,).

        Raises Undefined if there are so few images for the features that every image is classified with certainty.
        """
        own = np.take_along_axis(self.posteriors, labels[:, None], axis=1)[:, 0]
        if len(labels) < self.dims + self.posteriors.shape[1] and own.min() > 1 - 1e-6:
            raise Undefined(f"saturated: {len(labels)} images of {self.dims} features are all classified with certainty")
        return np.asarray(np.log(np.maximum(own, 1e-300))) if log else own

    def label_slopes(self, labels: Array, log: bool) -> Array:
        """Derivative of the mean of `label_posteriors` by the posteriors, (N, C)."""
        y = indicators(labels) / len(labels)
        return np.asarray(y / np.maximum(self.posteriors, 1e-300) if log else y)


def scaled(features: Array, scale: str, dims: int) -> tuple[Array, int]:
    """Centred features in at most N coordinates, (N, r), and the number of features that these represent.

    scale: as they are ("raw"), or divided so that the variances sum to 1 ("unit"). dims: of the first principal components that
    are kept, but at most N/3; 0 keeps all features. Raises CatsError for another scale.
    """
    if scale not in {"raw", "unit"}:
        raise CatsError(f"scale is '{scale}'; it must be 'raw' or 'unit'")
    thin = reduced(features, dims)
    represented = features.shape[1] if not dims else min(thin.shape[1], features.shape[1])
    return (thin * np.sqrt(len(thin)) / np.linalg.norm(thin) if scale == "unit" else thin), represented


def discriminant(thin: Array, dims: int, labels: Array, shrinkage: float | None) -> Discriminant:
    """Fit a discriminant analysis to images in at most N coordinates, thin (N, r), which represent `dims` features.

    S = (1-a) S_w + a tr(S_w)/D, where S_w is the covariance within the classes and a is the shrinkage; by default
    a = exp(-5 σ), σ the largest eigenvalue of S_w, at least 1e-10. Raises Undefined if S is 0 or singular.
    """
    means, shares = class_means(thin, labels), np.bincount(labels) / len(labels)
    S = lower_gram(thin.shape, lambda rows: thin[rows] - means[labels[rows]])
    S /= len(thin)
    trace = np.trace(S)
    if trace <= 1e-24 * np.vdot(thin, thin) / len(thin):  # less than rounding errors
        raise Undefined("no class varies")
    a = max(np.exp(-5 * _largest_eigenvalue(S)), 1e-10) if shrinkage is None else shrinkage
    S *= 1 - a
    S.flat[:: len(S) + 1] += a * trace / dims
    try:
        factor = scipy.linalg.cho_factor(S, lower=True, overwrite_a=True)
    except scipy.linalg.LinAlgError:
        raise Undefined(f"the covariance within the classes is singular, and a shrinkage of {a:.1e} does not help") from None
    directions = scipy.linalg.cho_solve(factor, means.T)
    logits = thin @ directions - 0.5 * (means.T * directions).sum(axis=0) + np.log(shares)
    posteriors = scipy.special.softmax(logits, axis=1)
    return Discriminant(thin, labels, means, factor, directions, posteriors, float(a), dims)


def _largest_eigenvalue(S: Array) -> float:
    """Of a symmetric matrix whose lower triangle is given, in Fortran order."""
    if len(S) <= 64:
        return float(scipy.linalg.eigvalsh(S, lower=True)[-1])
    start = np.random.default_rng(0).standard_normal(len(S))
    times = scipy.sparse.linalg.LinearOperator(S.shape, lambda x: scipy.linalg.blas.dsymv(1.0, S, x, lower=1), dtype=S.dtype)
    return float(scipy.sparse.linalg.eigsh(times, k=1, v0=start, tol=1e-10, return_eigenvectors=False)[0])
