import numpy as np
import pytest

from benchmark.measures.resampling import bootstrap_rows
from benchmark.specs.measure import Draws
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.gbc import gbc
from tests.support.drawn import blobs, draws

# Means and variances are known: class 0 has mean (0, 0), variances (1, 4); class 1 (3, 1), (9, 1).
EIGHT = np.array([[1, 2], [-1, -2], [1, -2], [-1, 2], [6, 2], [0, 0], [6, 0], [0, 2.0]])
LABELS = np.repeat([0, 1], 4)


def test_two_known_gaussians_by_the_closed_form():
    diagonal = (9 / 5 + 1 / 2.5) / 8 + 0.5 * (np.log(5 * 2.5) - 0.5 * np.log(4 * 9))
    assert gbc(EIGHT, LABELS, covariance="diagonal", dims=0) == pytest.approx(-2 * np.exp(-diagonal), rel=1e-12)
    spherical = (9 + 1) / 3.75 / 8 + 0.5 * 2 * (np.log(3.75) - 0.5 * np.log(2.5 * 5))
    assert gbc(EIGHT, LABELS, covariance="spherical", dims=0) == pytest.approx(-2 * np.exp(-spherical), rel=1e-12)


def test_it_is_the_integral_of_the_root_of_both_densities():
    grid = np.linspace(-40, 40, 4001)
    features, labels = np.array([[0.0], [2], [5], [11]]), np.array([0, 0, 1, 1])
    one, other = (np.exp(-((grid - m) ** 2) / 2 / v) / np.sqrt(2 * np.pi * v) for m, v in ((1, 1), (8, 9)))
    overlap = (np.sqrt(one * other)).sum() * (grid[1] - grid[0])
    assert gbc(features, labels, dims=0) == pytest.approx(-2 * overlap, rel=1e-9)


def test_classes_all_alike_score_minus_the_number_of_pairs():
    features = np.tile(np.random.default_rng(0).standard_normal((20, 5)), (3, 1))
    assert gbc(features, np.repeat([0, 1, 2], 20)) == pytest.approx(-6, abs=1e-12)


@pytest.mark.parametrize(("count", "dims"), [(200, 90), (90, 200)])
def test_principal_components_are_those_of_scikit_learn(count, dims):
    from sklearn.decomposition import PCA

    features, labels = blobs(count, dims, apart=2.0)
    reduced = PCA(20, svd_solver="full").fit_transform(features)
    for covariance in ("spherical", "diagonal"):
        expected = gbc(reduced, labels, covariance=covariance, dims=0)
        assert gbc(features, labels, covariance=covariance, dims=20) == pytest.approx(expected, rel=1e-8)


def test_a_class_of_one_image_has_no_variance():
    with pytest.raises(Undefined, match="1 of 2 classes has one image"):
        gbc(np.eye(4), [0, 0, 0, 1])


def test_an_unknown_covariance_is_named():
    with pytest.raises(CatsError, match="'full'; it must be"):
        gbc(EIGHT, LABELS, covariance="full")


def test_the_logarithm_of_one_variance_counts_once_as_in_published_numbers():
    """1/8 |m_c - m_d|² / s + 1/2 log(s / √(s_c s_d)): the spherical version of stable_transfer/gbc.py of google-research."""
    once = (9 + 1) / 3.75 / 8 + 0.5 * (np.log(3.75) - 0.5 * np.log(2.5 * 5))
    assert gbc(EIGHT, LABELS, dims=0, log="once") == pytest.approx(-2 * np.exp(-once), rel=1e-12)
    with pytest.raises(CatsError, match="log is 'twice'; it must be 'each' or 'once'"):
        gbc(EIGHT, LABELS, log="twice")
    with pytest.raises(CatsError, match="log=once is for covariance=spherical"):
        gbc(EIGHT, LABELS, covariance="diagonal", log="once")


def test_a_small_class_takes_the_interval():
    features, labels = blobs(200, 6)
    labels = np.where(np.arange(200) < 12, 3, labels)
    given, held = {"features": features, "labels": labels}, draws(labels, 20)
    drawn = Draws(bootstrap_rows(labels, 20, "drawn", np.random.default_rng(0)), held.source)
    assert gbc.score(given, held).reason.startswith("no interval: a class has 12 images, and below 20 resamples")
    assert gbc.score(given, drawn).low is None
    of_many = {"features": features, "labels": labels % 3}
    assert gbc.score(of_many, drawn).low is not None
