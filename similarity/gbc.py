"""Gaussian Bhattacharyya coefficient: how much the classes overlap as Gaussians."""

import numpy as np

from benchmark import Array, CatsError, Draws, measure
from benchmark.measures.class_statistics import require_several_per_class, require_two_per_class
from benchmark.measures.directions import require_few_directions
from benchmark.measures.low_rank import principal_components
from benchmark.measures.subsets import from_subsets, subsets

FLOOR = 1e-4  # of a variance, as published


@measure(
    grows="N D min(N, D) + C² dims",
    citation="Pándy et al., Transferability estimation using Bhattacharyya class separability, CVPR 2022",
)
def gbc(features: Array, labels: Array, *, covariance: str = "spherical", dims: int = 64, log: str = "each") -> float:
    """Negated sum over pairs of classes c ≠ d of exp(-B(c, d)), B the Bhattacharyya distance; in [-C(C-1), 0].

    B = 1/8 (m_c-m_d)' S⁻¹ (m_c-m_d) + 1/2 log(|S| / √(|S_c| |S_d|)), S = (S_c + S_d)/2, on the first `dims` principal
    components (dims=0: on the features). features: (N, D); labels: (N,). covariance: "spherical", one variance for all
    components, or "diagonal". Variances are at least 1e-4, so the score depends on the scale of the features if a class hardly
    varies. Undefined if a class has one image.

    log: "each" counts the logarithm of a spherical S once for each component, as |S| is defined; "once" counts it once, as the
    code of Google's stable_transfer does, which is of the authors' group, and hence the published numbers.
    """
    weights = np.ones((1, len(labels)))
    return float(_overlaps(weights, _components(features, labels, dims), labels, covariance, log)[0])


@gbc.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, covariance: str, dims: int, log: str) -> Array:
    """From subsets of the images, because a duplicate makes a small class narrower; the principal components are held fixed.

    Raises Undefined where the images vary in many directions for their number: the interval was 1.26 times too wide; and where
    a class is small: it was 0.89 times as wide as it should be, and 0.75 times where the class counts are drawn.
    """
    require_few_directions(features=features)
    require_several_per_class(labels)
    chosen = subsets(draws, labels, 0.8)
    weights = np.ones((1 + len(chosen), len(labels)))  # of all images, then of each subset
    for row, rows in zip(weights[1:], chosen, strict=True):
        row[:] = 0
        row[rows] = 1
    scores = _overlaps(weights, _components(features, labels, dims), labels, covariance, log)
    return from_subsets(chosen, len(labels), float(scores[0]), scores[1:])


def _components(features: Array, labels: Array, dims: int) -> Array:
    require_two_per_class(labels)
    return principal_components(features, dims) if dims else features  # each class is centred later


def _overlaps(weights: Array, components: Array, labels: Array, covariance: str, log: str) -> Array:
    """Scores for weights (B, N) of the images → (B,)."""
    if covariance not in {"spherical", "diagonal"}:
        raise CatsError(f"gbc: covariance is '{covariance}'; it must be 'spherical' or 'diagonal'")
    if log not in {"each", "once"}:
        raise CatsError(f"gbc: log is '{log}'; it must be 'each' or 'once'")
    if log == "once" and covariance != "spherical":
        raise CatsError("gbc: log=once is for covariance=spherical, where all components have one variance")
    counted = 1 / components.shape[1] if log == "once" else 1.0
    classes = labels.max() + 1
    means = np.empty((len(weights), classes, components.shape[1]))
    variances = np.empty_like(means)
    for c in range(classes):
        own, rows = weights[:, labels == c], components[labels == c]
        centre = rows.mean(axis=0)  # numbers are made small before they are squared
        rows -= centre  # of a copy, which is of this class alone
        total = own.sum(axis=1, keepdims=True)
        shift = own @ rows / total
        means[:, c] = centre + shift
        rows *= rows
        variances[:, c] = own @ rows / total - shift**2
    if covariance == "spherical":
        variances = np.broadcast_to(variances.mean(axis=2, keepdims=True), means.shape)
    variances = np.maximum(variances, FLOOR)
    upper = [
        -2 * _against(m[c], v[c], m[c + 1 :], v[c + 1 :], counted)
        for m, v in zip(means, variances, strict=True)
        for c in range(classes)
    ]
    return np.asarray(np.reshape(upper, (len(weights), classes)).sum(axis=1))


def _against(mean: Array, variance: Array, means: Array, variances: Array, counted: float) -> float:
    """Sum of the coefficients of one Gaussian (d,) with others (C, d); counted: how often each component's logarithm counts."""
    middle = (variance + variances) / 2
    apart = ((mean - means) ** 2 / middle).sum(axis=1) / 8
    unlike = counted * (np.log(middle) - (np.log(variance) + np.log(variances)) / 2).sum(axis=1) / 2
    return float(np.exp(-apart - unlike).sum())
