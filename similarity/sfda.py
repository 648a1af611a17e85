"""SFDA: certainty about the classes after images that are hard to classify were moved towards other classes."""

from dataclasses import dataclass

import numpy as np
import scipy.special

from benchmark import Array, Draws, measure
from benchmark.measures.class_statistics import class_means, indicators
from benchmark.measures.discriminant import Discriminant, discriminant, scaled
from benchmark.measures.resampling import first_order, without_class_means


@measure(
    grows="N D min(N, D)",
    citation="Shao et al., Not all models are equal: predicting model transferability, ECCV 2022",
    proportion=lambda options: not options["log"],
)
def sfda(  # noqa: PLR0913
    features: Array,
    labels: Array,
    *,
    shrinkage: float | None = None,
    scale: str = "raw",
    log: bool = False,
    soften: bool = True,
    dims: int = 64,
) -> float:
    """Mean posterior p(y|x) of a second discriminant analysis, fitted to mixed images x → p x + (1-p) o; in [0, 1].

    features: (N, D); labels: (N,). p is the posterior of the image's own class in a first analysis, and o the mean of the means
    of the other classes. See `lda_regularised` for the analysis, for the shrinkage, which both share, and for `scale`, `log`
    and `dims`: 64 principal components, where the published form is dims=0.
    soften: passes p through a softmax again, as the authors' code (TencentARC/SFDA) does and hence every published number;
    that also moves images classified with certainty. soften=False follows the paper's equation. That code also changes the
    features it is given. Undefined with dims=0 where all images are classified with certainty although N < D + C: the
    shrinkage vanishes for features of large scale, and every source would score 1; scale="unit" avoids that.
    """
    second = _mix(features, labels, shrinkage, scale, soften, dims).second
    return float(second.label_posteriors(labels, log).mean())


@sfda.bootstrap
def resampled(  # noqa: PLR0913 - the measure's own options
    draws: Draws,
    features: Array,
    labels: Array,
    *,
    shrinkage: float | None = None,
    scale: str = "raw",
    log: bool = False,
    soften: bool = True,
    dims: int = 64,
) -> Array:
    """To first order in how often each image is drawn, including its effect on both analyses and the mixing; a is fixed.

    Too narrow where N is not several times D, because the images that are scored have shaped the Gaussians.
    """
    mixture = _mix(features, labels, shrinkage, scale, soften, dims)
    first, second, posteriors = mixture.first, mixture.second, mixture.posteriors
    scores = second.label_posteriors(labels, log)
    effects, by_mixed = second.image_slopes(second.logit_slopes(second.label_slopes(labels, log)))
    effects += scores / len(labels)
    # backwards through x → p x + (1-p) o, o = mean of the means of the other classes
    y, numbers = indicators(labels), np.bincount(labels)
    by_others = y.T @ ((1 - mixture.own) * by_mixed)  # derivative by the o of each class, (C, r)
    by_means = (by_others.sum(axis=0) - by_others) / (len(by_others) - 1)
    effects += (by_means[labels] * first.residuals).sum(axis=1) / numbers[labels]
    by_own = y * (by_mixed * mixture.away).sum(axis=1, keepdims=True)
    if soften:
        by_own = posteriors * (by_own - (by_own * posteriors).sum(axis=1, keepdims=True))
    effects += first.image_slopes(first.logit_slopes(by_own))[0]
    return first_order(draws, float(scores.mean()), without_class_means(effects, labels))


@dataclass(frozen=True)
class _Mixture:
    """Both analyses, and how the images are mixed in between.

    Attributes:
        first, second: the analysis of the images, and of the mixed images. posteriors: p(c|x) that mix, (N, C).
        own: of the image's own class, (N, 1). away: image minus the mean of the other classes, (N, r).
    """

    first: Discriminant
    posteriors: Array
    own: Array
    away: Array
    second: Discriminant


def _mix(features: Array, labels: Array, shrinkage: float | None, scale: str, soften: bool, dims: int) -> _Mixture:
    first = discriminant(*scaled(features, scale, dims), labels, shrinkage)
    posteriors = scipy.special.softmax(first.posteriors, axis=1) if soften else first.posteriors
    own = np.take_along_axis(posteriors, labels[:, None], axis=1)
    means = class_means(first.thin, labels)
    others = (means.sum(axis=0) - means) / (len(means) - 1)
    away = first.thin - others[labels]
    second = discriminant(own * away + others[labels], first.dims, labels, first.shrinkage)
    return _Mixture(first, posteriors, own, away, second)
