"""Where a difference becomes nil: closed forms, ends that are open, and a brute-force inversion of the test."""

import numpy as np
import pytest
from scipy import stats

from results.statistics.crossing import Crossing, Differences, crossing

PLACES = np.log([25, 50, 100, 250, 500])
NONE = np.zeros((5, 5))
SPREAD = np.array([[0.01], [-0.01], [0.0]])  # of three seeds, the same at every place: their mean is nil


def lines(nil_at, slope=-0.05, spread=SPREAD):
    """A straight line in log n that is nil at a number of images, of three seeds."""
    return Differences(PLACES, slope * (PLACES - np.log(nil_at)) + spread, NONE)


@pytest.mark.parametrize("nil_at", [26, 50, 99.5, 100, 340, 499])
def test_a_straight_line_in_log_n_is_nil_where_it_was_made_to_be_and_its_interval_is_that_of_students_t(nil_at):
    found = crossing(lines(nil_at))
    assert np.exp(found.place) == pytest.approx(nil_at)
    half = stats.t.ppf(0.975, 2) * 0.01 / np.sqrt(3) / 0.05  # of the place: that of the difference over the slope
    low, high = np.log(nil_at) - half, np.log(nil_at) + half
    assert found.low == (pytest.approx(low) if low > PLACES[0] else -np.inf)
    assert found.high == (pytest.approx(high) if high < PLACES[-1] else np.inf)


def test_a_difference_above_nil_everywhere_crosses_beyond_the_last_place():
    assert crossing(lines(10_000)) == Crossing(np.inf, PLACES[-1], np.inf)
    found = crossing(lines(600))
    assert found.place == np.inf
    assert PLACES[0] < found.low < PLACES[-1]
    assert found.high == np.inf


def test_a_difference_below_nil_everywhere_crosses_before_the_first_place():
    assert crossing(lines(1)) == Crossing(-np.inf, -np.inf, PLACES[0])
    assert crossing(lines(24)).high < PLACES[-1]


def test_a_difference_that_cannot_be_told_from_nil_has_both_ends_open():
    found = crossing(lines(100, slope=-0.0001))
    assert np.exp(found.place) == pytest.approx(100)
    assert found.open
    assert (found.low, found.high) == (-np.inf, np.inf)


@pytest.mark.parametrize("values", [[-1, 1, 2, 3, 4], [1, -1, 1, -1, -1], [-1, 1, -1, -1, -1]])
def test_a_difference_that_rises_or_crosses_several_times_has_no_estimate(values):
    assert np.isnan(crossing(Differences(PLACES, np.array(values) + SPREAD, NONE)).place)


def test_what_is_exactly_nil_helps_no_more():
    assert crossing(Differences(PLACES, np.array([1.0, 0, 0, 0, 0]) + SPREAD, NONE)).place == PLACES[1]
    assert crossing(Differences(PLACES, np.zeros(5) + SPREAD, NONE)).place == -np.inf


def test_one_seed_has_no_interval_nor_have_differences_that_do_not_vary():
    assert not crossing(Differences(PLACES, lines(100).by_seed[:1], NONE)).known
    still = crossing(lines(100, spread=np.zeros((3, 1))))
    assert np.exp(still.place) == pytest.approx(100)
    assert not still.known


def test_test_images_alone_give_the_interval_of_seeds_that_do_not_vary():
    images = np.full((5, 5), 1e-4)  # a standard error of 0.01 that all places share
    found = crossing(Differences(PLACES, lines(100, spread=np.zeros((3, 1))).by_seed, images, 155.0))
    half = stats.t.ppf(0.975, 155) * 0.01 / 0.05
    assert (found.low, found.high) == (pytest.approx(np.log(100) - half), pytest.approx(np.log(100) + half))


def test_the_interval_holds_every_place_that_a_test_at_this_place_does_not_reject():
    rng = np.random.default_rng(0)
    for _ in range(20):
        by_seed = np.array([0.08, 0.05, 0.02, -0.01, -0.04]) + rng.normal(0, 0.006, (4, 5))
        found = crossing(Differences(PLACES, by_seed, NONE))
        for place in np.linspace(PLACES[0], PLACES[-1], 57):
            at = np.array([np.interp(place, PLACES, seed) for seed in by_seed])
            if stats.ttest_1samp(at, 0).pvalue > 0.05:
                assert found.low - 1e-3 <= place <= found.high + 1e-3


def test_the_order_of_seeds_does_not_matter_and_more_confidence_is_wider():
    rng = np.random.default_rng(1)
    of = Differences(PLACES, lines(100, slope=-0.1).by_seed + rng.normal(0, 0.002, (3, 5)), NONE)
    other = crossing(Differences(PLACES, of.by_seed[::-1], NONE))
    assert (other.place, other.low, other.high) == pytest.approx((crossing(of).place, crossing(of).low, crossing(of).high))
    assert crossing(of, 0.8).high < crossing(of).high


@pytest.mark.parametrize("seeds", [3, 5])
def test_the_interval_holds_a_known_truth_as_often_as_it_says(seeds):
    """Noise of seeds alone, on a straight line that is steep beside it: with a normal quantile, three seeds would hold 82 %."""
    rng, nil, times = np.random.default_rng(seeds), np.log(110), 400
    drawn = -0.08 * (PLACES - nil) + rng.normal(scale=0.015, size=(times, seeds, len(PLACES)))
    found = [crossing(Differences(PLACES, values, NONE)) for values in drawn]
    held = np.mean([each.low <= nil <= each.high for each in found])
    assert 0.93 <= held <= 0.99
    assert np.mean([np.isfinite([each.low, each.high]).all() for each in found]) > 0.5
