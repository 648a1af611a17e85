"""Measures of a spectrum: rankme and alpha_req of the target, vendi of the source."""

import numpy as np
import pytest
from scipy.stats import t

from benchmark.measures.spectrum import spectrum
from benchmark.measures.subsets import subset_scores, subsets
from benchmark.specs.measure import Draws
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.alpha_req import alpha_req
from similarity.rankme import rankme
from similarity.vendi import vendi
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
def test_a_spectrum_of_the_target_has_no_interval(measure):
    rows = np.random.default_rng(0).standard_normal((40, 60)) + 0.3
    found = measure.score({"features": rows}, draws(np.zeros(40, dtype=int), 20))
    assert found.value == measure(rows)
    assert found.low is None
    assert found.reason.startswith("no interval: singular values of a sample hold its own randomness")


def test_the_spread_of_vendi_is_that_of_fresh_images():
    values, spreads = [], []
    for seed in range(60):  # 0.7 to first order
        rows = np.random.default_rng(seed).standard_normal((40, 60)) * np.arange(1, 61) ** -0.7 + 0.3
        values.append(vendi(rows))
        spreads.append(vendi.resample({"source_neutral": rows}, draws(np.zeros(40, dtype=int), 20, 40, seed=seed)).std())
    assert 0.85 < np.mean(spreads) / np.std(values) < 1.3


@pytest.mark.parametrize("shape", [(30, 8), (20, 50)])
def test_subsets_are_scored_as_samples_of_their_own(shape):
    rows = np.random.default_rng(0).standard_normal(shape) + 1
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    plain = draws(np.zeros(5, dtype=int), 12, shape[0])
    chosen = subsets(Draws(plain.source, plain.source), np.zeros(shape[0], dtype=int), 0.75)
    expected = subset_scores(chosen, shape[0], vendi(rows), lambda taken: vendi(rows[taken]))
    wider = t.ppf(0.975, 11) / 1.96
    found = vendi.resample({"source_neutral": rows}, plain)
    np.testing.assert_allclose(found - found.mean(), wider * (expected - expected.mean()), atol=1e-9)
    assert found.mean() == pytest.approx(expected.mean(), rel=1e-9)
