from itertools import permutations

import numpy as np
import pytest
from scipy.stats import ortho_group

from benchmark.specs.needs import Undefined
from similarity import cka as module
from similarity.cka import cka, resampled
from tests.support.drawn import draws


def sides(count, dims=5, neutral=7, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((count, dims)) + 3
    return features, features[:, :2] @ rng.standard_normal((2, neutral)) + rng.standard_normal((count, neutral))


def hsic(one, other, rows):
    """Means over pairs, triples and quadruples of different images; rows may name an image twice."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    gram, there = one @ one.T, other @ other.T
    pairs = [gram[i, j] * there[i, j] for i, j in permutations(rows, 2) if i != j]
    triples = [gram[i, j] * there[i, k] for i, j, k in permutations(rows, 3) if len({i, j, k}) == 3]
    fours = [gram[i, j] * there[k, m] for i, j, k, m in permutations(rows, 4) if len({i, j, k, m}) == 4]
    return np.mean(pairs) - 2 * np.mean(triples) + np.mean(fours)


def by_quadruples(features, neutral, rows):
    own, there = hsic(features, features, rows), hsic(neutral, neutral, rows)
    return hsic(features, neutral, rows) / np.sqrt(own * there)


@pytest.mark.parametrize("dims", [3, 20])
def test_it_is_the_mean_over_quadruples_of_different_images(dims):
    features, neutral = sides(9, dims, 4)
    assert cka(features, neutral) == pytest.approx(by_quadruples(features, neutral, range(9)), rel=1e-8)


def test_a_resample_leaves_out_every_quadruple_that_holds_an_image_twice():
    features, neutral = sides(9, 3, 4)
    drawn = draws(np.zeros(9, dtype=int), 4)
    expected = [by_quadruples(features, neutral, rows) for rows in drawn.target]
    np.testing.assert_allclose(resampled(drawn, features, neutral), expected, rtol=1e-8)


def test_the_biased_form_is_that_of_centred_features():
    features, neutral = sides(30)
    x, y = features - features.mean(axis=0), neutral - neutral.mean(axis=0)
    expected = np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
    assert cka(features, neutral, debiased=False) == pytest.approx(expected, rel=1e-10)
    drawn = draws(np.zeros(30, dtype=int), 5)
    one_by_one = [cka(features[rows], neutral[rows], debiased=False) for rows in drawn.target]
    np.testing.assert_allclose(resampled(drawn, features, neutral, debiased=False), one_by_one, rtol=1e-10)


@pytest.mark.parametrize("debiased", [True, False])
@pytest.mark.parametrize("count", [30, 8])
def test_rotated_and_scaled_and_moved_features_are_the_same(count, debiased):
    features, _ = sides(count, 12)
    turned = 0.3 * features @ ortho_group.rvs(12, random_state=0) + 5
    assert cka(features, turned, debiased=debiased) == pytest.approx(1, abs=1e-10)


def test_unrelated_features_score_0_on_average_though_they_are_many():
    rng = np.random.default_rng(0)
    pairs = [(rng.standard_normal((20, 60)), rng.standard_normal((20, 50))) for _ in range(150)]
    found = [cka(*pair) for pair in pairs]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(150)
    assert np.mean([cka(*pair, debiased=False) for pair in pairs]) > 0.7


@pytest.mark.parametrize("debiased", [True, False])
def test_images_and_features_give_one_score_and_blocks_make_no_difference(debiased, monkeypatch):
    features, neutral = sides(40)
    by_features = cka(features, neutral, debiased=debiased)
    monkeypatch.setattr(module, "BLOCK", 7)
    monkeypatch.setattr(module, "_by_features", module._by_images)
    assert cka(features, neutral, debiased=debiased) == pytest.approx(by_features, rel=1e-10)


def test_three_images_are_too_few():
    with pytest.raises(Undefined, match="takes 4 images, there are 3"):
        cka(*sides(3))
