from itertools import permutations

import numpy as np
import pytest
from scipy.stats import ortho_group

from benchmark.measures import alignment as module
from benchmark.measures.alignment import alignment
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.cka import cka
from tests.support.drawn import blobs, draws


def sides(count, dims=5, neutral=7, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((count, dims)) + 3
    return features, features[:, :2] @ rng.standard_normal((2, neutral)) + rng.standard_normal((count, neutral))


def hsic(one, other, weights):
    """Weighted means over pairs, triples and quadruples of different images."""
    gram, there, w = one @ one.T, other @ other.T, weights
    rows = range(len(one))
    total, parts = np.zeros(3), np.zeros(3)
    for number, take in enumerate((2, 3, 4)):
        for i, j, *rest in permutations(rows, take):
            k, m = ([i, j], [i, rest[0]] if rest else [], rest)[number] if number else (i, j)
            mass = w[i] * w[j] * np.prod(w[rest])
            total[number] += mass
            parts[number] += mass * gram[i, j] * there[k, m]
    return parts[0] / total[0] - 2 * parts[1] / total[1] + parts[2] / total[2]


def by_quadruples(features, other, weights):
    own, there = hsic(features, features, weights), hsic(other, other, weights)
    return hsic(features, other, weights) / np.sqrt(own * there)


@pytest.mark.parametrize("dims", [3, 20])
def test_it_is_the_mean_over_quadruples_of_different_images(dims):
    features, neutral = sides(9, dims, 4)
    assert cka(features, neutral, to="neutral") == pytest.approx(by_quadruples(features, neutral, np.ones(9)), rel=1e-8)
    labels = np.arange(9) % 3
    assert cka(features, labels) == pytest.approx(by_quadruples(features, np.eye(3)[labels], np.ones(9)), rel=1e-8)


@pytest.mark.parametrize("dims", [3, 20])
def test_the_influence_of_an_image_is_the_derivative_by_its_weight(dims):
    features, neutral = sides(7, dims, 4)
    features, neutral = features - features.mean(axis=0), neutral - neutral.mean(axis=0)
    _, slopes = alignment(features, neutral, debiased=True)
    for i in (0, 3):
        up, down = np.ones(7), np.ones(7)
        up[i], down[i] = 1 + 1e-4, 1 - 1e-4
        expected = (by_quadruples(features, neutral, up) - by_quadruples(features, neutral, down)) / 2e-4
        assert slopes[i] == pytest.approx(expected, rel=1e-5)


def biased(features, neutral, weights):
    w = weights / weights.sum()
    x, y = features - w @ features, neutral - w @ neutral
    xy, xx, yy = ((one * w[:, None]).T @ other for one, other in ((x, y), (x, x), (y, y)))
    return np.linalg.norm(xy) ** 2 / np.linalg.norm(xx) / np.linalg.norm(yy)


def test_the_biased_form_is_that_of_centred_features():
    features, neutral = sides(30)
    value, slopes = alignment(features, neutral, debiased=False)
    assert value == pytest.approx(biased(features, neutral, np.ones(30)), rel=1e-10)
    up = np.where(np.arange(30) == 4, 1 + 1e-5, 1.0)
    assert slopes[4] == pytest.approx((biased(features, neutral, up) - value) * 1e5, rel=1e-3)


@pytest.mark.parametrize("debiased", [True, False])
@pytest.mark.parametrize("count", [30, 8])
def test_rotated_and_scaled_and_moved_features_are_the_same(count, debiased):
    features, _ = sides(count, 12)
    turned = 0.3 * features @ ortho_group.rvs(12, random_state=0) + 5
    assert cka(features, turned, to="neutral", debiased=debiased) == pytest.approx(1, abs=1e-10)


def test_the_neutral_network_is_not_compared_with_itself():
    """ImageNet was 1 ± 0 on every target, ahead of every other source by construction."""
    features, neutral = sides(30)
    said = cka.with_options({"to": "neutral"}).score(
        {"features": features, "neutral": features.astype(np.float32)}, draws(np.zeros(30, dtype=int), 5)
    )
    assert np.isnan(said.value)
    assert said.reason == "the source is the neutral network itself, and its likeness to itself is 1 by construction"
    assert cka(features, neutral, to="neutral") < 1


def test_its_inputs_are_those_of_its_option():
    assert cka.needs == ("features", "labels")
    assert cka.with_options({"to": "neutral"}).needs == ("features", "neutral")
    with pytest.raises(CatsError, match="measure cka: to is 'label'; allowed is labels or neutral; did you mean 'labels'"):
        cka.with_options({"to": "label"})


def test_features_that_are_the_classes_score_one_and_unrelated_ones_0_on_average_though_they_are_many():
    labels = np.arange(30) % 3
    assert cka(np.eye(3)[labels] * 7, labels) == pytest.approx(1, abs=1e-10)
    found = [cka(np.random.default_rng(seed).standard_normal((30, 90)), labels) for seed in range(150)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(150)
    assert cka(np.random.default_rng(0).standard_normal((30, 90)), labels, debiased=False) > 0.1


@pytest.mark.parametrize("debiased", [True, False])
def test_kernels_in_blocks_and_features_give_one_score(debiased, monkeypatch):
    features, neutral = sides(40, 30, 30)
    by_images = alignment(features, neutral, debiased=debiased)
    monkeypatch.setattr(module, "BLOCK", 280)
    np.testing.assert_allclose(alignment(features, neutral, debiased=debiased)[1], by_images[1], rtol=1e-9)
    twice = [np.concatenate([one, one[::-1]]) for one in (features, neutral)]  # 80 images: in the space of features
    monkeypatch.setattr(module, "BLOCK", 2**22)
    in_features = module._products(*(module._side(one, debiased) for one in twice))
    kernels = [side.rows @ side.rows.T - np.diag(side.diagonal) for side in (module._side(one, debiased) for one in twice)]
    np.testing.assert_allclose(in_features, (kernels[0] * kernels[1]).sum(axis=1), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("dims", [16, 200])
def test_its_interval_is_as_wide_as_new_images_would_make_it(dims):
    values, spreads = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        labels = np.arange(90) % 3
        features = rng.standard_normal((90, dims)) + np.eye(dims)[labels] * 1.5
        values.append(cka(features, labels))
        spreads.append(cka.resample({"features": features, "labels": labels}, draws(labels, 60, seed=seed)).std())
    assert 0.75 < np.mean(spreads) / np.std(values) < 1.33


def test_three_images_are_too_few():
    with pytest.raises(Undefined, match="takes 4 images, there are 3"):
        cka(blobs(3)[0], [0, 1, 1])
