"""SFDA: how surely the classes are told once images that are hard to tell have been moved towards the other classes."""

import numpy as np

from benchmark.measure import Array, Draws, measure
from similarity._thin import class_means
from similarity.lda_regularised import averaged, certain, posterior, scaled


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
    return float(_own(features, labels, shrinkage, scale, (soften, log)).mean())


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
    """Means of each image's p(y|x) over the draws; both analyses are held fixed. Too narrow where N is not several times D."""
    return averaged(draws, _own(features, labels, shrinkage, scale, (soften, log)))


def _own(features: Array, labels: Array, shrinkage: float | None, scale: str, how: tuple[bool, bool]) -> Array:
    """p(y|x) of the mixed images, or its logarithm, (N,)."""
    soften, log = how
    thin = scaled(features, scale)
    chances, shrinkage = posterior(thin, features.shape[1], labels, shrinkage)
    if soften:
        chances = np.exp(chances) / np.exp(chances).sum(axis=1, keepdims=True)
    own = np.take_along_axis(chances, labels[:, None], axis=1)
    means = class_means(thin, labels)
    others = (means.sum(axis=0) - means) / (len(means) - 1)
    mixed = own * thin + (1 - own) * others[labels]
    return certain(posterior(mixed, features.shape[1], labels, shrinkage)[0], labels, log, features.shape[1])
