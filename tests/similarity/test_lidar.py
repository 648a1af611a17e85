import numpy as np
import pytest
import torch

from benchmark.measures.gradients import for_evaluation
from benchmark.measures.views import features_of_views
from benchmark.specs.needs import Undefined
from similarity.lidar import DELTA, lidar
from tests.support.drawn import draws
from tests.support.networks import network, pictures


def by_covariances(features):
    """features (n, views, D)."""
    means = features.mean(axis=1)
    between = np.cov(means.T, bias=True)
    within = np.mean([np.cov(views.T, bias=True) for views in features], axis=0)
    ridge = DELTA * np.trace(between + within) / len(within)
    values, vectors = np.linalg.eigh(within + ridge * np.eye(len(within)))
    root = vectors / np.sqrt(values) @ vectors.T
    lengths = np.maximum(np.linalg.eigvalsh(root @ between @ root), 0)
    shares = lengths[lengths > 1e-10 * lengths.max()] / lengths.sum()
    return np.exp(-(shares * np.log(shares)).sum())


@pytest.mark.parametrize(("count", "views"), [(12, 3), (30, 8)])
def test_it_is_the_rank_of_the_whitened_covariance_of_images(count, views):
    images, _ = pictures(count)
    features = features_of_views(for_evaluation(network()), images, views, 0)
    assert features.shape[:2] == (count, views)
    found = lidar(images, network(), views=views)
    assert 1 <= found <= count - 1
    # all images are taken, in another order, so that each gets other views
    assert found == pytest.approx(by_covariances(features), rel=0.35)


def test_it_is_that_of_the_very_views(monkeypatch):
    rng = np.random.default_rng(0)
    for shape in ((14, 4, 9), (9, 3, 60)):
        features = rng.standard_normal((shape[0], 1, shape[2])) * np.geomspace(3, 0.3, shape[2]) + 0.4 * rng.standard_normal(
            shape
        )
        monkeypatch.setitem(lidar.function.__globals__, "features_of_views", lambda *_, features=features: features)
        images, _ = pictures(shape[0])
        assert lidar(images, network(), views=shape[1]) == pytest.approx(by_covariances(features), rel=1e-6)


def test_the_views_are_the_same_each_time_and_do_not_depend_on_the_networks_state():
    images, _ = pictures(8)
    made = network()
    one = lidar(images, made)
    torch.manual_seed(5)
    made.train()
    assert lidar(images, made) == one


def test_one_view_has_no_variance():
    images, _ = pictures(8)
    with pytest.raises(Undefined, match="1 view"):
        lidar(images, network(), views=1)


def test_the_interval_holds_the_score():
    images, labels = pictures(24)
    said = lidar.score({"images": images, "network": network()}, draws(labels, 20))
    assert said.low < said.value < said.high


def test_effects_are_those_of_images_that_count_more(monkeypatch):
    rng = np.random.default_rng(1)
    features = rng.standard_normal((400, 1, 5)) * [3, 2, 1, 0.7, 0.5] + 0.5 * rng.standard_normal((400, 3, 5))
    monkeypatch.setitem(lidar.function.__globals__, "features_of_views", lambda *_: features)
    images, _ = pictures(400)
    monkeypatch.setitem(lidar.function.__globals__, "drawn_images", lambda *_: (np.arange(400), None))
    drawn = draws(np.zeros(400, dtype=int), 40)
    together = lidar.with_options({"views": 3}).resample({"images": images, "network": network()}, drawn)
    alone = [by_covariances(features[rows]) for rows in drawn.target]
    assert np.corrcoef(together, alone)[0, 1] > 0.95
    assert together.std() == pytest.approx(np.std(alone), rel=0.12)
