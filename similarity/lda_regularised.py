"""Regularised discriminant analysis: how surely Gaussians with one common covariance tell the classes."""

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from benchmark.measure import Array, Draws, Undefined, measure
from results.error import CatsError
from similarity._thin import centred, class_means, counts, rotated


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
    chances, _ = posterior(scaled(features, scale), features.shape[1], labels, shrinkage)
    return float(certain(chances, labels, log, features.shape[1]).mean())


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
    """Means of each image's p(y|x) over the draws; the Gaussians are held fixed. Too narrow where N is not several times D."""
    chances, _ = posterior(scaled(features, scale), features.shape[1], labels, shrinkage)
    return averaged(draws, certain(chances, labels, log, features.shape[1]))


def averaged(draws: Draws, results: Array) -> Array:
    """Mean of the images' results (N,) in each resample, (B,)."""
    return np.asarray(counts(draws, len(results)) @ results / len(results))


def scaled(features: Array, scale: str) -> Array:
    """In at most N coordinates, see `rotated`, less their mean."""
    if scale not in {"raw", "unit"}:
        raise CatsError(f"scale is '{scale}'; it must be 'raw' or 'unit'")
    thin = rotated(centred(features))
    return thin * np.sqrt(len(thin)) / np.linalg.norm(thin) if scale == "unit" else thin


def posterior(thin: Array, dims: int, labels: Array, shrinkage: float | None) -> tuple[Array, float]:
    """p(c|x), (N, C), and the shrinkage. thin: images in at most N coordinates; dims: how many features these were."""
    means, shares = class_means(thin, labels), np.bincount(labels) / len(labels)
    inside = thin - means[labels]
    S = inside.T @ inside / len(thin)
    trace = np.trace(S)
    if not trace > 0:
        raise Undefined("no class varies")
    a = max(np.exp(-5 * _largest(S)), 1e-10) if shrinkage is None else shrinkage
    S *= 1 - a
    S.flat[:: len(S) + 1] += a * trace / dims
    try:
        pulls = scipy.linalg.cho_solve(scipy.linalg.cho_factor(S, overwrite_a=True), means.T)  # S⁻¹ m_c, (r, C)
    except scipy.linalg.LinAlgError:
        raise Undefined(f"the covariance within the classes is singular, and a shrinkage of {a:.1e} does not help") from None
    scores = thin @ pulls - 0.5 * (means.T * pulls).sum(axis=0) + np.log(shares)
    scores -= scores.max(axis=1, keepdims=True)
    chances = np.exp(scores)
    return chances / chances.sum(axis=1, keepdims=True), float(a)


def certain(chances: Array, labels: Array, log: bool, dims: int) -> Array:
    """p(y|x) or its logarithm, (N,). Raises Undefined where there are too few images for that to say anything."""
    found = np.take_along_axis(chances, labels[:, None], axis=1)[:, 0]
    if len(labels) < dims + chances.shape[1] and found.min() > 1 - 1e-6:
        raise Undefined(f"saturated: {len(labels)} images of {dims} features are all told for certain")
    return np.asarray(np.log(np.maximum(found, 1e-300))) if log else found


def _largest(S: Array) -> float:
    """Largest eigenvalue."""
    if len(S) <= 64:
        return float(scipy.linalg.eigvalsh(S)[-1])
    start = np.random.default_rng(0).standard_normal(len(S))
    return float(scipy.sparse.linalg.eigsh(S, k=1, v0=start, tol=1e-10, return_eigenvectors=False)[0])
