"""Regularised discriminant analysis: how certain Gaussians with one common covariance are about the classes."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.discriminant import discriminant, scaled
from benchmark.measures.subsets import subset_scores, subsets


@measure(
    grows="N D min(N, D)",
    citation="Shao et al., Not all models are equal, ECCV 2022, its first half",
    proportion=lambda options: not options["log"],
)
def lda_regularised(
    features: Array,
    labels: Array,
    *,
    shrinkage: float | None = None,
    scale: str = "raw",
    log: bool = False,
    dims: int = 64,
) -> float:
    """Mean posterior p(y|x) of regularised linear discriminant analysis on the images it was fitted to, in [0, 1].

    features: (N, D); labels: (N,). p(c|x) ∝ n_c exp(x' S⁻¹ m_c - 1/2 m_c' S⁻¹ m_c) with S = (1-a) S_w + a tr(S_w)/D, where S_w
    is the covariance within the classes and a = exp(-5 σ), σ the largest eigenvalue of S_w, at least 1e-10. This is the first
    half of SFDA, before images are mixed. shrinkage: a itself. scale: "raw", or "unit" for features whose variances sum to 1,
    as a depends on the scale of the features. log: mean of log p.

    dims: the number of first principal components that take the place of the features, at most N/3; 64 as in the code of GBC
    and NCTI. dims=0 takes all features, as published, and is undefined where N < D + C and a is so small that every image is
    classified with certainty: with 500 images of 1,280 features every source would score 1. The authors' code
    (TencentARC/SFDA) estimates σ by three rounds of power iteration.
    """
    fit = discriminant(*scaled(features, scale, dims), labels, shrinkage)
    return float(fit.label_posteriors(labels, log).mean())


@lda_regularised.bootstrap
def resampled(  # noqa: PLR0913 - the measure's own options
    draws: Draws,
    features: Array,
    labels: Array,
    *,
    shrinkage: float | None = None,
    scale: str = "raw",
    log: bool = False,
    dims: int = 64,
) -> Array:
    """From subsets of the images, as a duplicate shapes the Gaussian by which it is scored twice; the components are fixed."""
    thin, represented = scaled(features, scale, dims)

    def score(rows: Array) -> float:
        own = labels[rows]
        try:
            return float(discriminant(thin[rows], represented, own, shrinkage).label_posteriors(own, log).mean())
        except Undefined:
            return float("nan")

    return subset_scores(subsets(draws, labels, 0.8), len(labels), score(np.arange(len(labels))), score)
