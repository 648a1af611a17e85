"""NLEEP: LEEP with clusters of the target's features in place of the source's classes."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cross_validation import canonical
from benchmark.measures.label_likelihood import label_log_likelihood
from benchmark.measures.low_rank import principal_coordinates
from benchmark.measures.resampling import multiplicities


@measure(grows="N min(N, D)² + N d C", citation="Li, Jia, Sang, Zhu, Green, Wang & Gong, Ranking neural checkpoints, CVPR 2021")
def nleep(
    features: Array, labels: Array, *, ratio: int = 5, energy: float = 0.8, covariance: str = "diag", seed: int = 0
) -> float:
    """LEEP of the posteriors of a Gaussian mixture with ratio × C components, fitted to principal coordinates; in (-∞, 0].

    features: (N, D); labels: (N,). The coordinates are the first that hold the share `energy` of the variance, scaled to a mean
    variance of 1, so that the 1e-6 which scikit-learn adds to variances has the same effect for any unit of the features.
    covariance: "diag" or "full", as in scikit-learn. Full covariances, the authors' default, have more parameters than there
    are images on small targets, where every image then belongs to one component with certainty, and cost N d² C. The code of
    SFDA and ETran sets no seed, so its score changes from run to run, and omits the logarithm.
    """
    clusters = _posteriors(features, labels, ratio, energy, covariance, seed)
    return float(label_log_likelihood(np.ones((1, len(labels))), clusters, labels)[0])


@nleep.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, **options: float | str) -> Array:
    """The mixture is held fixed: a mixture fitted to a resample would give a duplicate image a separate component."""
    clusters = _posteriors(features, labels, **options)  # type: ignore[arg-type]
    return label_log_likelihood(multiplicities(draws.target, len(labels)), clusters, labels)


def _posteriors(features: Array, labels: Array, ratio: int, energy: float, covariance: str, seed: int) -> Array:
    """p(component | image), (N, ratio × C)."""
    components = ratio * (int(labels.max()) + 1)
    if components > len(labels):
        raise Undefined(f"{components} components are more than {len(labels)} images")
    rows = canonical(features)  # or the mixture would begin elsewhere in another order of the images
    coordinates = principal_coordinates(features[rows])
    variances = (coordinates**2).mean(axis=0)
    dims = int(np.searchsorted(np.cumsum(variances), energy * variances.sum())) + 1
    coordinates = coordinates[:, :dims] / np.sqrt(variances[:dims].mean())
    mixture = GaussianMixture(components, covariance_type=covariance, random_state=seed)
    posteriors = np.empty((len(labels), components))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture after 100 rounds is as good a set of clusters
        try:
            posteriors[rows] = mixture.fit(coordinates).predict_proba(coordinates)
        except ValueError as error:
            raise Undefined("the covariance of a component is singular") from error
    return posteriors
