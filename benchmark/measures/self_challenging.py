"""Two discriminant analyses, the second of images that the first moved towards other classes, as SFDA has them."""

import numpy as np
import scipy.special

from benchmark.measures.discriminant import Discriminant, discriminant
from benchmark.measures.gram import blocks
from benchmark.specs.needs import Array


def mixture(thin: Array, dims: int, labels: Array, shrinkage: float | None, *, soften: bool) -> Discriminant:
    """The second of two analyses, of mixed images x → p x + (1-p) o; thin: coordinates (N, r) that represent `dims` features.

    p is the posterior of the image's own class in the first analysis, of the images themselves, and o the mean of the means of
    the other classes. soften: passes the posteriors through a softmax again. Both share the shrinkage. Raises Undefined as
    `discriminant` does.
    """
    first = discriminant(thin, dims, labels, shrinkage)
    posteriors = scipy.special.softmax(first.posteriors, axis=1) if soften else first.posteriors
    own = np.take_along_axis(posteriors, labels[:, None], axis=1)
    others = (first.means.sum(axis=0) - first.means) / (len(first.means) - 1)
    mixed = np.empty(thin.shape)
    for rows in blocks(len(thin)):
        towards = others[labels[rows]]
        mixed[rows] = own[rows] * (thin[rows] - towards) + towards
    return discriminant(mixed, dims, labels, first.shrinkage)
