"""Two discriminant analyses, the second of images that the first moved towards other classes, as SFDA has them."""

from dataclasses import dataclass

import numpy as np
import scipy.special

from benchmark.measures.class_statistics import class_means, indicators
from benchmark.measures.discriminant import Discriminant, discriminant
from benchmark.measures.resampling import without_class_means
from benchmark.specs.needs import Array


@dataclass(frozen=True)
class Mixture:
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


def mixture(thin: Array, dims: int, labels: Array, shrinkage: float | None, *, soften: bool) -> Mixture:
    """Fit both analyses to images in coordinates thin (N, r), which represent `dims` features: x → p x + (1-p) o in between.

    p is the posterior of the image's own class in the first one, o the mean of the means of the other classes. soften: passes
    the posteriors through a softmax again. Raises Undefined as `discriminant` does.
    """
    first = discriminant(thin, dims, labels, shrinkage)
    posteriors = scipy.special.softmax(first.posteriors, axis=1) if soften else first.posteriors
    own = np.take_along_axis(posteriors, labels[:, None], axis=1)
    means = class_means(first.thin, labels)
    others = (means.sum(axis=0) - means) / (len(means) - 1)
    away = first.thin - others[labels]
    second = discriminant(own * away + others[labels], first.dims, labels, first.shrinkage)
    return Mixture(first, posteriors, own, away, second)


def mixture_effects(mixed: Mixture, labels: Array, *, log: bool, soften: bool) -> tuple[Array, Array]:
    """p(y|x) or its logarithm in the second analysis, (N,), and the change of its mean when an image counts once more, (N,).

    The means of the classes are subtracted from the changes; the shrinkage is held fixed.
    """
    first, second, posteriors = mixed.first, mixed.second, mixed.posteriors
    scores = second.label_posteriors(labels, log)
    effects, by_mixed = second.image_slopes(second.logit_slopes(second.label_slopes(labels, log)))
    effects += scores / len(labels)
    # backwards through x → p x + (1-p) o, o = mean of the means of the other classes
    y, numbers = indicators(labels), np.bincount(labels)
    by_others = y.T @ ((1 - mixed.own) * by_mixed)  # derivative by the o of each class, (C, r)
    by_means = (by_others.sum(axis=0) - by_others) / (len(by_others) - 1)
    effects += (by_means[labels] * first.residuals).sum(axis=1) / numbers[labels]
    by_own = y * (by_mixed * mixed.away).sum(axis=1, keepdims=True)
    if soften:
        by_own = posteriors * (by_own - (by_own * posteriors).sum(axis=1, keepdims=True))
    effects += first.image_slopes(first.logit_slopes(by_own))[0]
    return scores, without_class_means(effects, labels)
