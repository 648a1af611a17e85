import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from benchmark.measures.cross_validation import canonical
from benchmark.specs.needs import Undefined
from similarity.leep import leep
from similarity.nleep import nleep
from tests.support.drawn import blobs, draws


@pytest.mark.slow
@pytest.mark.parametrize("dims", [16, 200])
@pytest.mark.parametrize("covariance", ["diag", "full"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_is_leep_of_the_posteriors_of_scikit_learn(dims, covariance):
    features, labels = blobs(dims=dims)
    rows = canonical(features)
    kept = PCA(0.8, svd_solver="full").fit_transform(features[rows])
    kept /= np.sqrt(kept.var(axis=0).mean())
    expected = []
    for seed in range(5):
        mixture = GaussianMixture(15, covariance_type=covariance, random_state=seed).fit(kept)
        expected.append(leep(mixture.predict_proba(kept), labels[rows]))
    assert nleep(features, labels, covariance=covariance) == pytest.approx(np.mean(expected), rel=1e-6)
    assert nleep(features, labels, covariance=covariance, starts=1, seed=2) == pytest.approx(expected[2], rel=1e-6)


def test_covariances_are_full_by_default_as_published():
    features, labels = blobs(apart=1)
    assert nleep(features, labels) == nleep(features, labels, covariance="full")
    assert nleep(features, labels) != pytest.approx(nleep(features, labels, covariance="diag"), abs=1e-3)


def test_it_has_no_interval_because_resamples_lack_the_randomness_of_the_mixtures():
    features, labels = blobs(apart=0.5)
    found = nleep.score({"features": features, "labels": labels}, draws(labels, 5))
    assert found.value == nleep(features, labels)
    assert found.low is None
    assert "randomness of the mixtures" in found.reason


def test_no_start_says_nothing():
    with pytest.raises(Undefined, match="nleep: starts is 0; it must be 1 or more"):
        nleep(*blobs(), starts=0)


def test_the_same_value_every_time_whatever_the_global_seed():
    features, labels = blobs(apart=1)
    np.random.seed(1)  # noqa: NPY002
    first = nleep(features, labels)
    np.random.seed(2)  # noqa: NPY002
    assert nleep(features, labels) == first
    assert nleep(features, labels, seed=3) != first


def test_the_unit_of_the_features_does_not_matter():
    features, labels = blobs(apart=1)
    assert nleep(features * 1e-3, labels) == pytest.approx(nleep(features, labels), rel=1e-6)


def test_more_components_than_images_say_nothing():
    features, labels = blobs(count=14)
    with pytest.raises(Undefined, match="15 components are more than 14 images"):
        nleep(features, labels)
