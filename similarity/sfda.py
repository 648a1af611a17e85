"""SFDA: how surely the classes are told once images that are hard to tell have been moved towards the other classes."""

import numpy as np
import scipy.special

from benchmark.specs.measure import Array, Draws, measure
from similarity._thin import added, class_means, indicators
from similarity.lda_regularised import Analysis, analysis, certain, less_class, outer, scaled


@measure(grows="N D min(N, D)", citation="Shao et al., Not all models are equal: predicting model transferability, ECCV 2022")
def sfda(
    features: Array,
    labels: Array,
    *,
    shrinkage: float | None = None,
    scale: str = "raw",
    log: bool = False,
    soften: bool = False,
) -> float:
    """Mean of p(y|x) of a second discriminant analysis, of mixed images: x → p x + (1-p) mean of the other classes; in [0, 1].

    features: (N, D); labels: (N,). p is the first analysis' p(y|x); see `lda_regularised` for it, for the shrinkage, which both
    share, and for `scale` and `log`. The mean of the other classes is that of their means.
    soften: p goes through a softmax once more, as in the authors' code (TencentARC/SFDA); that moves even images that are told
    for certain. That code also changes the features that it is given. Undefined where all images are told for certain although
    N < D + C: the shrinkage vanishes for features of large scale; scale="unit" is then a way out.
    """
    second = _mix(features, labels, (shrinkage, scale, soften))[-1]
    return float(certain(second, labels, log).mean())


@sfda.bootstrap
def resampled(  # noqa: PLR0913 - the measure's own options
    draws: Draws,
    features: Array,
    labels: Array,
    *,
    shrinkage: float | None = None,
    scale: str = "raw",
    log: bool = False,
    soften: bool = False,
) -> Array:
    """To first order in how often each image is drawn, its pull on both analyses and on the mixing included; a held fixed.

    Too narrow where N is not several times D, as the images that are scored have shaped the Gaussians.
    """
    first, chances, own, away, second = _mix(features, labels, (shrinkage, scale, soften))
    scores = certain(second, labels, log)
    effects, moved = second.back(second.slopes(outer(second, labels, log)))
    effects += scores / len(labels)
    # backwards through x → p x + (1-p) o, o = mean of the other classes' means
    y, numbers = indicators(labels), np.bincount(labels)
    others = y.T @ ((1 - own) * moved)  # slopes by each class' o, (C, r)
    means = (others.sum(axis=0) - others) / (len(others) - 1)
    effects += (means[labels] * first.inside).sum(axis=1) / numbers[labels]
    by_own = y * (moved * away).sum(axis=1, keepdims=True)
    if soften:
        by_own = chances * (by_own - (by_own * chances).sum(axis=1, keepdims=True))
    effects += first.back(first.slopes(by_own))[0]
    return added(draws, float(scores.mean()), less_class(effects, labels))


def _mix(features: Array, labels: Array, how: tuple[float | None, str, bool]) -> tuple[Analysis, Array, Array, Array, Analysis]:
    """First analysis, its chances (N, C), p of the own class (N, 1), x - o (N, r), analysis of the mixed images."""
    shrinkage, scale, soften = how
    first = analysis(scaled(features, scale), features.shape[1], labels, shrinkage)
    chances = scipy.special.softmax(first.chances, axis=1) if soften else first.chances
    own = np.take_along_axis(chances, labels[:, None], axis=1)
    means = class_means(first.thin, labels)
    others = (means.sum(axis=0) - means) / (len(means) - 1)
    away = first.thin - others[labels]
    second = analysis(own * away + others[labels], features.shape[1], labels, first.shrinkage)
    return first, chances, own, away, second
