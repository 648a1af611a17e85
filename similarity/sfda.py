"""SFDA: certainty about the classes after images that are hard to classify were moved towards other classes."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.discriminant import scaled
from benchmark.measures.self_challenging import mixture
from benchmark.measures.subsets import scores_less_pairs


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
    second = mixture(*scaled(features, scale, dims), labels, shrinkage, soften=soften)
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
    """From subsets of the images, as a duplicate shapes the Gaussians by which it is scored twice; the components are fixed.

    Effects to first order are too wide where classes are small, and too narrow where N is not several times `dims`.
    """
    thin, represented = scaled(features, scale, dims)

    def score(rows: Array) -> float:
        own = labels[rows]
        try:
            second = mixture(thin[rows], represented, own, shrinkage, soften=soften)
            return float(second.label_posteriors(own, log).mean())
        except Undefined:
            return float("nan")

    return scores_less_pairs(draws, labels, score(np.arange(len(labels))), score)
