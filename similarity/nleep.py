"""NLEEP: LEEP with clusters of the target's features in place of the source's classes."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cross_validation import canonical
from benchmark.measures.label_likelihood import label_log_likelihood
from benchmark.measures.low_rank import principal_coordinates


@measure(
    grows="N min(N, D)² + starts N d² C",
    citation="Li, Jia, Sang, Zhu, Green, Wang & Gong, Ranking neural checkpoints, CVPR 2021",
)
def nleep(  # noqa: PLR0913
    features: Array,
    labels: Array,
    *,
    ratio: int = 5,
    energy: float = 0.8,
    covariance: str = "full",
    starts: int = 5,
    seed: int = 0,
) -> float:
    """LEEP of the posteriors of a Gaussian mixture with ratio × C components, fitted to principal coordinates; in (-∞, 0].

    features: (N, D); labels: (N,). The score is the mean over `starts` mixtures with the seeds seed, seed + 1 ..., because a
    mixture depends on where it begins: the scores of single starts differ by as much as those of sources. The coordinates are
    the first that hold the share `energy` of the variance, scaled to a mean variance of 1, so that the 1e-6 which scikit-learn
    adds to variances has the same effect for any unit of the features. covariance: "full", as in the paper and in the code of
    Google, SFDA and the CATS study, or "diag", which costs d times less; with few images for full covariances every image
    belongs to one component with certainty. The code of SFDA and ETran sets no seed, so its score changes from run to run, and
    omits the logarithm. There is no interval, because resamples leave out the randomness of mixtures that were fitted to the
    images.
    """
    mixtures = _mixtures(features, labels, ratio=ratio, energy=energy, covariance=covariance, starts=starts, seed=seed)
    return float(np.mean([label_log_likelihood(np.ones((1, len(labels))), each, labels)[0] for each in mixtures]))


@nleep.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, **options: float | str) -> Array:  # noqa: ARG001
    """Raises Undefined: at fixed mixtures resamples spread 0.7 to 0.8 times as they should, randomness of starts included."""
    raise Undefined("resamples do not hold the randomness of the mixtures, which were fitted to the images that are scored")


def _mixtures(  # noqa: PLR0913
    features: Array, labels: Array, *, ratio: int, energy: float, covariance: str, starts: int, seed: int
) -> list[Array]:
    """p(component | image), (N, ratio × C), of each start."""
    if starts < 1:
        raise Undefined(f"nleep: starts is {starts}; it must be 1 or more")
    components = ratio * (int(labels.max()) + 1)
    if components > len(labels):
        raise Undefined(f"{components} components are more than {len(labels)} images")
    rows = canonical(features)  # or the mixture would begin elsewhere in another order of the images
    coordinates, back = _coordinates(features[rows], energy), np.argsort(rows)
    return [_posteriors(coordinates, components, covariance, seed + number)[back] for number in range(starts)]


def _coordinates(features: Array, energy: float) -> Array:
    """The first principal coordinates that hold the share `energy` of the variance, with a mean variance of 1, (N, d)."""
    coordinates = principal_coordinates(features)
    variances = (coordinates**2).mean(axis=0)
    dims = int(np.searchsorted(np.cumsum(variances), energy * variances.sum())) + 1
    return np.asarray(coordinates[:, :dims] / np.sqrt(variances[:dims].mean()))


def _posteriors(coordinates: Array, components: int, covariance: str, seed: int) -> Array:
    """p(component | image), (N, components)."""
    mixture = GaussianMixture(components, covariance_type=covariance, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture after 100 rounds is as good a set of clusters
        try:
            return np.asarray(mixture.fit(coordinates).predict_proba(coordinates))
        except ValueError as error:
            raise Undefined("the covariance of a component is singular") from error
