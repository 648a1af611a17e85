"""Measures of the spectrum of the features: rankme and alpha_req."""

import numpy as np
import pytest

from benchmark.measures.spectrum import spectrum
from benchmark.measures.subsets import subset_scores, subsets
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.alpha_req import alpha_req
from similarity.rankme import rankme
from tests.support.drawn import draws


def rows_of(singular, count=40, seed=0):
    """Rows with these singular values."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.standard_normal((count, len(singular))))[0]
    right = np.linalg.qr(rng.standard_normal((len(singular), len(singular))))[0]
    return left * singular @ right


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
def test_the_spectrum_is_a_singular_value_decomposition(shape):
    rows = np.random.default_rng(0).standard_normal(shape)
    parts = spectrum(rows)
    np.testing.assert_allclose(np.sqrt(parts.values), np.linalg.svd(rows, compute_uv=False), rtol=1e-10)
    np.testing.assert_allclose(parts.vectors * parts.values @ parts.vectors.T, rows @ rows.T, atol=1e-9)


def test_rankme_of_equal_singular_values_is_their_number():
    assert rankme(rows_of(np.full(7, 3.0))) == pytest.approx(7, rel=1e-9)


@pytest.mark.parametrize("shape", [(30, 8), (8, 30)])
def test_rankme_is_the_entropy_of_the_singular_values(shape):
    rows = np.random.default_rng(1).standard_normal(shape) + 1  # not centred
    sizes = np.linalg.svd(rows, compute_uv=False)
    shares = sizes / sizes.sum()
    assert rankme(rows) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-9)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.7])
def test_alpha_req_is_the_distance_of_the_exponent_from_1(exponent):
    rows = rows_of(np.arange(1, 151) ** (-exponent / 2), count=400)
    rows -= rows.mean(axis=0)
    mirrored = np.vstack([rows, -rows])  # the mean stays 0 and the spectrum what it is
    values = np.linalg.eigvalsh(mirrored.T @ mirrored)[::-1]
    places, weights = np.log(np.arange(12, 101)), 1 / np.arange(12, 101)
    slope = np.polyfit(places, np.log(values[11:100]), 1, w=np.sqrt(weights))[0]
    assert alpha_req(mirrored) == pytest.approx(-abs(-slope - 1), abs=1e-9)
    assert alpha_req(mirrored) == pytest.approx(-abs(exponent - 1), abs=0.02)


def test_alpha_req_refuses_a_window_that_is_none():
    with pytest.raises(CatsError, match="first is 9 and last is 3"):
        alpha_req(rows_of(np.ones(5)), first=9, last=3)


def test_two_variances_have_no_slope():
    with pytest.raises(Undefined, match="2 variances above 0 are too few"):
        alpha_req(rows_of(np.ones(2)))


@pytest.mark.parametrize("measure", [rankme, alpha_req])
@pytest.mark.parametrize("size", [1e-3, 1e4])
def test_the_unit_and_the_axes_of_the_features_do_not_matter(measure, size):
    rows = np.random.default_rng(2).standard_normal((60, 9)) * np.geomspace(1, 0.1, 9)
    turned = size * rows @ np.linalg.qr(np.random.default_rng(3).standard_normal((9, 9)))[0]
    assert measure(turned) == pytest.approx(measure(rows), rel=1e-9)


@pytest.mark.parametrize("measure", [rankme, alpha_req])
@pytest.mark.parametrize("shape", [(150, 12), (40, 60)])
def test_the_spread_of_resamples_is_that_of_fresh_images(measure, shape):
    values, spreads = [], []
    for seed in range(50):
        rows = np.random.default_rng(seed).standard_normal(shape) * np.arange(1, shape[1] + 1) ** -0.7 + 0.3
        values.append(measure(rows))
        spreads.append(measure.resample({"features": rows}, draws(np.zeros(shape[0], dtype=int), 20, seed=seed)).std())
    assert 0.7 < np.mean(spreads) / np.std(values) < 1.45


@pytest.mark.parametrize("shape", [(30, 8), (20, 50)])
def test_subsets_are_scored_as_samples_of_their_own(shape):
    rows = np.random.default_rng(0).standard_normal(shape) + 1
    plain = draws(np.zeros(shape[0], dtype=int), 12)
    chosen = subsets(plain, np.zeros(shape[0], dtype=int), 0.75)
    expected = subset_scores(chosen, shape[0], rankme(rows), lambda taken: rankme(rows[taken]))
    np.testing.assert_allclose(rankme.resample({"features": rows}, plain), expected, rtol=1e-9)
