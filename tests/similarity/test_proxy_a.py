import numpy as np
import pytest
from sklearn.linear_model import Ridge

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Undefined
from similarity.proxy_a import _predict, proxy_a, resampled
from tests.support.drawn import draws


def sides(count=60, of_source=80, dims=8, apart=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, dims)), rng.standard_normal((of_source, dims)) + apart


@pytest.mark.parametrize("dims", [5, 40])
def test_the_classifier_is_ridge_regression_on_either_side_of_n_below_e(dims):
    rng = np.random.default_rng(0)
    train, test, side = rng.standard_normal((20, dims)), rng.standard_normal((6, dims)), np.repeat([1.0, -1.0], 10)
    penalty = 0.7 * ((train - train.mean(axis=0)) ** 2).sum() / min(20, dims)
    expected = Ridge(alpha=penalty, solver="cholesky").fit(train, side).predict(test)
    np.testing.assert_allclose(_predict(train, side, test, 0.7), expected, rtol=1e-9)


@pytest.mark.parametrize("dims", [8, 300])
def test_two_samples_of_one_distribution_are_at_no_distance_on_average(dims):
    found = [proxy_a(*sides(dims=dims, seed=seed)) for seed in range(60)]
    assert abs(np.mean(found)) < 0.08
    assert abs(np.mean(found)) < 3.5 * np.std(found) / np.sqrt(60)


def test_a_known_error_gives_the_known_distance():
    target, source = sides(2000, 2000, 1, 2.0)  # Bayes error Phi(-1) = 0.1587
    assert proxy_a(target, source, most=2000) == pytest.approx(-2 * (1 - 2 * 0.1587), abs=0.05)


def test_sides_told_apart_without_a_mistake_are_undefined():
    with pytest.raises(Undefined, match="saturated at 2"):
        proxy_a(*sides(apart=30.0))


def test_few_images_cannot_be_held_out():
    with pytest.raises(Undefined, match="3 images of a side cannot be held out in 5 folds"):
        proxy_a(*sides(count=3))


def test_the_score_does_not_follow_the_order_of_the_images():
    target, source = sides(apart=0.5)
    rng = np.random.default_rng(5)
    assert proxy_a(rng.permutation(target), rng.permutation(source)) == proxy_a(target, source)


def test_resamples_average_the_same_held_out_mistakes():
    target, source = sides(60, 60, apart=0.7)
    once = Draws(np.arange(60)[None], np.arange(60)[None])
    assert resampled(once, target, source)[0] == pytest.approx(proxy_a(target, source), rel=1e-12)
    spread = resampled(draws(np.zeros(60, dtype=int), 500, 60), target, source).std()
    error = (2 - -proxy_a(target, source)) / 4  # score = -2 (1 - 2 e)
    assert spread == pytest.approx(4 * np.sqrt(error * (1 - error) / 120), rel=0.2)
