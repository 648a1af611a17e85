import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import digamma, gamma

from benchmark.specs.needs import Undefined
from similarity.tmi import tmi
from tests.support.drawn import blobs


def test_gaussian_classes_have_their_entropy_in_closed_form():
    labels = np.repeat([0, 1], [1000, 3000])
    features = np.random.default_rng(0).standard_normal((4000, 2)) * np.array([1.0, 5.0])[labels, None]
    entropies = np.log(2 * np.pi * np.e * np.array([1.0, 25.0]))
    assert tmi(features, labels) == pytest.approx(entropies @ [0.25, 0.75], abs=0.05)


@pytest.mark.parametrize(("dims", "k"), [(3, 1), (3, 5), (60, 3)])
def test_the_estimate_written_out(dims, k):
    features, labels = blobs(count=60, dims=dims)
    total = 0.0
    for label in range(3):
        own = features[labels == label]
        radius = np.sort(cdist(own, own), axis=1)[:, k]
        ball = np.pi ** (dims / 2) / gamma(dims / 2 + 1)
        total += (digamma(20) - digamma(k) + np.log(ball) + dims * np.log(radius).mean()) / 3
    assert tmi(features, labels, k=k) == pytest.approx(total, rel=1e-10)


def test_features_times_a_add_log_a_for_each_dimension():
    features, labels = blobs(dims=16)
    assert tmi(3 * features + 7, labels) == pytest.approx(tmi(features, labels) + 16 * np.log(3), rel=1e-9)


def test_where_there_is_no_distance_it_says_nothing():
    features, labels = blobs(count=30)
    with pytest.raises(Undefined, match="a class has 10 images, 10 neighbours need 11"):
        tmi(features, labels, k=10)
    with pytest.raises(Undefined, match="neighbour 0"):
        tmi(features, labels, k=0)
    copied, twice = np.vstack([features] * 4), np.tile(labels, 4)
    with pytest.raises(Undefined, match="4 images of a class have the same features"):
        tmi(copied, twice)
