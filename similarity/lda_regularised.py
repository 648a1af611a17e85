"""Regularised discriminant analysis: how certain Gaussians with one common covariance are about the classes."""

from benchmark import Array, Draws, measure
from benchmark.measures.discriminant import discriminant, scaled
from benchmark.measures.resampling import first_order, without_class_means


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
    """To first order in how often each image is drawn, including its effect on means and covariance; a is held fixed.

    Too narrow where N is not several times D, because the images that are scored have shaped the Gaussians.
    """
    fit = discriminant(*scaled(features, scale, dims), labels, shrinkage)
    own = fit.label_posteriors(labels, log)
    effects = own / len(labels) + fit.image_slopes(fit.logit_slopes(fit.label_slopes(labels, log)))[0]
    return first_order(draws, float(own.mean()), without_class_means(effects, labels))
