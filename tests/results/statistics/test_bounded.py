"""Intervals of bounded means: inside their bounds, by Fisher's formula, and as often right as the page of statistics says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from results.statistics.bounded import bounded_interval, interval_over_targets, mean_interval, middle

SHARE = (0.0, 1.0)
TAU = (-1.0, 1.0)
LOSS = (0.0, np.inf)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([SHARE, TAU, (0.0, 2.0), LOSS, (-np.inf, 0.0)]),
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=6), st.floats(0, 1e6),
)  # fmt: skip
def test_an_interval_lies_inside_its_bounds_and_holds_its_mean(bounds, shares, inside):
    lower, upper = max(bounds[0], -5.0), min(bounds[1], 5.0)
    values = lower + (upper - lower) * np.array(shares)
    low, high = mean_interval(values, bounds, inside)
    rounding = 1e-9
    assert bounds[0] <= low <= values.mean() + rounding
    assert values.mean() - rounding <= high <= bounds[1]
    assert np.isfinite([low, high]).all() or inside == 0


def test_between_minus_one_and_one_the_scale_is_fishers_z():
    values = np.array([0.2, 0.5, 0.9, 0.4])
    mean, error = values.mean(), stats.sem(values)
    half = stats.t.ppf(0.975, 3) * error / (1 - mean**2)  # the slope of atanh
    assert mean_interval(values, TAU) == pytest.approx(np.tanh(np.arctanh(mean) + np.array([-half, half])))


def test_between_zero_and_one_the_scale_is_the_logit():
    values = np.array([[0.8, 0.6, 0.82], [0.1, 0.1, 0.2]]).T
    mean, half = values.mean(axis=0), stats.t.ppf(0.975, 2) * stats.sem(values, axis=0)
    reach = half / (mean * (1 - mean))
    low, high = mean_interval(values, SHARE)
    np.testing.assert_allclose(low, special.expit(special.logit(mean) - reach))
    np.testing.assert_allclose(high, special.expit(special.logit(mean) + reach))


def test_with_one_bound_the_scale_is_the_logarithm_and_turns_with_its_sign():
    low, high = bounded_interval(2.0, 1.0, LOSS)
    assert (low, high) == pytest.approx((2 / np.exp(0.5), 2 * np.exp(0.5)))
    assert bounded_interval(-2.0, 1.0, (-np.inf, 0.0)) == pytest.approx((-high, -low))
    assert bounded_interval(2.0, 1.0, (-np.inf, np.inf)) == (1.0, 3.0)


def test_a_small_interval_is_that_of_students_t():
    values = np.array([0.5, 0.5001, 0.4999])
    assert mean_interval(values, SHARE) == pytest.approx(stats.t.interval(0.95, 2, 0.5, stats.sem(values)), abs=1e-7)


@pytest.mark.parametrize(("mean", "ends"), [(0.0, (0.0, 0.25)), (1.0, (0.75, 1.0))])
def test_a_mean_on_a_bound_has_the_interval_cut_there(mean, ends):
    assert bounded_interval(mean, 0.25, SHARE) == ends


def test_an_interval_is_never_narrower_than_the_noise_inside_targets():
    low, high = mean_interval(np.array([0.5, 0.5]), SHARE, 0.1)
    assert special.logit(high) == pytest.approx(stats.norm.ppf(0.975) * 0.1 / 0.25)
    assert special.logit(low) == pytest.approx(-special.logit(high))
    apart = np.array([0.2, 0.8])
    assert mean_interval(apart, SHARE, 0.1) == mean_interval(apart, SHARE)


def test_where_nothing_varies_there_is_no_interval_and_of_one_target_it_is_the_middle_of_the_replicates():
    still, drawn = np.full(400, 0.2), np.linspace(0, 1, 401)
    assert interval_over_targets(0.2, np.array([0.2, 0.2]), still, SHARE) is None
    assert interval_over_targets(0.2, np.array([0.2]), still, SHARE) is None
    assert interval_over_targets(0.2, np.array([0.2]), drawn, SHARE) == middle(drawn) == pytest.approx((0.025, 0.975))
    assert middle(np.array([np.nan])) is None


LAWS = {
    "normal": (stats.norm(1, 0.3), LOSS), "gamma": (stats.gamma(2), LOSS), "exponential": (stats.expon(), LOSS),
    "regret": (stats.beta(1, 9), SHARE), "auc": (stats.beta(9, 2), SHARE), "auc near 1": (stats.beta(6, 0.7), SHARE),
    "tau": (stats.beta(6, 2, -1, 2), TAU), "tau near 1": (stats.beta(2, 0.5, -1, 2), TAU),
}  # fmt: skip


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("targets", [3, 6, 12])
def test_intervals_of_bounded_and_skewed_figures_hold_them_as_often_as_the_page_says(law, targets):
    """Student's t on the scale of the figure holds 87 to 91 % of the skewed ones, a bootstrap of three targets 64 to 75 %."""
    shape, bounds = LAWS[law]
    drawn = shape.rvs((targets, 2000), random_state=targets)
    low, high = mean_interval(drawn, bounds)
    assert 0.915 <= ((low <= shape.mean()) & (shape.mean() <= high)).mean() <= 0.975
