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
    """LEEP of a Gaussian mixture's posteriors: ratio × C components in the principal coordinates with `energy` of the variance.

    features: (N, D); labels: (N,). In (-∞, 0]. covariance: diag or full, as scikit-learn calls them. Full ones, its default,
    hold more numbers than there are images on small targets, where every image is then sure of its component, and cost N d² C.
    The code of SFDA and ETran seeds nothing, so that the score changes from run to run, and leaves the logarithm out.
    The coordinates are scaled to a mean variance of one: what scikit-learn adds to variances, 1e-6, then means the same
    whatever the unit of the features.
    """
    clusters = _posteriors(features, labels, ratio, energy, covariance, seed)
    return float(label_log_likelihood(np.ones((1, len(labels))), clusters, labels)[0])


@nleep.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, **options: float | str) -> Array:
    """The mixture of all images is held fixed: one of a resample would put an image drawn twice into a cluster of its own."""
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
    kept = int(np.searchsorted(np.cumsum(variances), energy * variances.sum())) + 1
    coordinates = coordinates[:, :kept] / np.sqrt(variances[:kept].mean())
    mixture = GaussianMixture(components, covariance_type=covariance, random_state=seed)
    found = np.empty((len(labels), components))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture after 100 rounds is as good a set of clusters
        try:
            found[rows] = mixture.fit(coordinates).predict_proba(coordinates)
        except ValueError as error:
            raise Undefined("the covariance of a component is singular") from error
    return found
