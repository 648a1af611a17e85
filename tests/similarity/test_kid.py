import numpy as np
import pytest

from similarity.kid import kid, resampled
from tests.support.drawn import draws
from tests.support.measures import by_pairs, sides


@pytest.mark.parametrize("dims", [6, 100])
def test_it_is_the_mean_over_pairs_of_the_cubic_kernel(dims):
    target, source = sides(20, 25, dims, 0.5)

    def kernel(x, y):
        return (x @ y / dims + 1) ** 3

    assert kid(target, source) == pytest.approx(-by_pairs(target, source, kernel), rel=1e-10)


def test_two_samples_of_one_distribution_score_0_on_average():
    found = [kid(*sides(seed=seed)) for seed in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(300)


def test_resamples_of_one_distribution_score_0_on_average():
    found = []
    for seed in range(200):
        target, source = sides(seed=seed)
        found.append(resampled(draws(np.zeros(30, dtype=int), 10, 40, seed), target, source).mean())
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(200)


def test_every_image_drawn_once_is_the_score():
    target, source = sides(12, 15, apart=1.0)
    once = draws(np.arange(12), 1, 15)
    once.source[0] = np.arange(15)
    assert resampled(once, target, source)[0] == pytest.approx(kid(target, source), rel=1e-12)


def test_the_interval_is_as_wide_as_new_data_would_make_it():
    many = [kid(*sides(100, 100, 10, 0.5, seed)) for seed in range(200)]
    target, source = sides(100, 100, 10, 0.5)
    spread = resampled(draws(np.zeros(100, dtype=int), 300, 100), target, source).std()
    assert spread == pytest.approx(np.std(many), rel=0.35)
