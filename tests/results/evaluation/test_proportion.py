import numpy as np
import pytest
from scipy import stats

from results.evaluation.proportion import proportion


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (1, 10), (5, 10), (10, 10), (190, 200), (1, 1)])
def test_a_share_of_independent_images_has_wilsons_interval(hits, count):
    found = proportion(np.arange(count) < hits)
    known = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-12)
    assert (found.value, found.images) == (hits / count, count)


def test_one_image_of_each_patient_is_as_without_patients():
    hits = np.array([1, 0, 1, 1, 0, 1, 1], dtype=bool)
    assert proportion(hits, np.arange(7)) == proportion(hits)


def test_patients_whose_images_are_copies_count_once():
    """The design effect is the number of copies, but for G / (G - 1); the t quantile is that of the patients."""
    hits, patients, copies = np.arange(40) < 30, np.arange(40), 5
    found = proportion(np.repeat(hits, copies), np.repeat(patients, copies))
    z, count = stats.t.ppf(0.975, 39), 39  # 40 patients, and the unbiased variance divides by 39
    centre = (0.75 + z**2 / 2 / count) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(0.75 * 0.25 / count + z**2 / 4 / count**2)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=1e-12)


def test_all_right_leaves_an_interval_of_as_many_images_as_patients():
    found = proportion(np.ones(60, dtype=bool), np.repeat(np.arange(12), 5))
    z = stats.t.ppf(0.975, 11)
    assert (found.low, found.high) == pytest.approx((12 / (12 + z**2), 1.0), abs=1e-12)


def test_an_interval_that_is_not_known_is_not_a_number():
    assert np.isnan(
        [proportion(np.array([], dtype=bool)).value, proportion(np.array([True, False]), np.array([1, 1])).low]
    ).all()


def test_the_interval_covers_the_share_with_patients_whose_images_are_alike():
    rng, inside, draws = np.random.default_rng(3), 0, 400
    for _ in range(draws):
        rate = rng.beta(6, 2, size=40)
        hits = rng.random((40, 6)) < rate[:, None]
        found = proportion(hits.ravel(), np.repeat(np.arange(40), 6))
        inside += found.low <= 0.75 <= found.high
    assert 0.92 <= inside / draws <= 0.975
