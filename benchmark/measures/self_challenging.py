"""Two discriminant analyses, the second of images that the first moved towards other classes, as SFDA has them."""

from dataclasses import dataclass

import numpy as np
import scipy.special

from benchmark.measures.class_statistics import class_means
from benchmark.measures.discriminant import Discriminant, discriminant
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
