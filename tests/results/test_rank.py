import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from results.rank import interval, mean_ranks, tie_groups

UNIT = (0.0, 1.0)


def test_interval_is_students_t_by_hand():
    values = np.array([0.80, 0.84, 0.85])
    half = 4.302653 * values.std(ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(interval(values, UNIT), (values.mean() - half, values.mean() + half), rtol=1e-6)


def test_interval_stops_at_the_bounds_of_the_metric():
    assert interval(np.array([0.9, 1.0, 1.0]), UNIT)[1] == 1.0


@pytest.mark.parametrize("values", [[0.8], [0.8, 0.8, 0.8]])
def test_one_value_or_equal_values_have_no_interval(values):
    assert interval(np.array(values), UNIT) is None


def test_interval_covers_the_mean_as_often_as_it_says():
    luck = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        low, high = interval(luck.normal(0.5, 0.02, 3), UNIT)
        inside += low <= 0.5 <= high
    assert 0.935 <= inside / 2000 <= 0.965


def test_a_clear_winner_stands_alone_and_the_others_tie():
    samples = [np.array(v) for v in ([0.90, 0.91, 0.905], [0.70, 0.71, 0.69], [0.69, 0.70, 0.71])]
    assert tie_groups(samples) == [1, 2, 2]


def test_a_noisy_source_ties_with_the_best_although_a_steady_one_above_it_does_not():
    samples = [np.array(v) for v in ([0.90, 0.901, 0.899], [0.85, 0.851, 0.849], [0.60, 0.95, 0.80])]
    assert tie_groups(samples) == [1, 2, 1]


def test_single_seeds_cannot_be_told_apart():
    assert tie_groups([np.array([0.9]), np.array([0.1]), np.array([0.5])]) == [1, 1, 1]


def test_sources_without_any_spread_cannot_be_told_apart():
    assert tie_groups([np.array([0.9, 0.9]), np.array([0.8, 0.8])]) == [1, 1]


def test_a_source_with_one_seed_ties_and_does_not_spoil_the_others():
    samples = [np.array([0.9, 0.91, 0.905]), np.array([0.88]), np.array([0.5, 0.51, 0.505])]
    assert tie_groups(samples) == [1, 1, 2]


def test_mean_ranks_of_separated_sources_are_certain():
    values = [[np.array([0.9, 0.91]), np.array([0.5, 0.51]), np.array([0.7, 0.71])]] * 3
    mean, low, high = mean_ranks(values, np.random.default_rng(0))
    np.testing.assert_array_equal([mean, low, high], [[1, 3, 2]] * 3)


def test_equal_sources_share_a_rank():
    mean, _, _ = mean_ranks([[np.array([0.5, 0.5]), np.array([0.5, 0.5])]], np.random.default_rng(0))
    np.testing.assert_array_equal(mean, [1.5, 1.5])


@given(st.integers(2, 5), st.integers(1, 4), st.integers(0, 10**6))
def test_mean_ranks_sum_to_the_same_and_follow_their_sources(sources, targets, seed):
    luck = np.random.default_rng(seed)
    values = [[luck.random(3) for _ in range(sources)] for _ in range(targets)]
    mean, low, high = mean_ranks(values, np.random.default_rng(1))
    assert mean.sum() == pytest.approx(sources * (sources + 1) / 2)
    assert (low <= high).all()
    order = luck.permutation(sources)
    moved, _, _ = mean_ranks([[row[i] for i in order] for row in values], np.random.default_rng(1))
    np.testing.assert_allclose(moved, mean[order])


def test_the_test_is_games_howell():
    samples = [np.array([0.90, 0.93, 0.87]), np.array([0.80, 0.84, 0.79, 0.83])]
    p = stats.ttest_ind(*samples, equal_var=False).pvalue  # with two samples Games-Howell is Welch's test
    assert p < 0.05
    assert tie_groups(samples) == [1, 2]
    assert tie_groups(samples, level=1 - p / 2) == [1, 1]


# Values, and p from gamesHowellTest of PMCMRplus for R, as quoted in scipy's scipy/stats/tests/test_hypotests.py
R_SAMPLES = [[30.0, 23.0, 51.0], [-81.0, 71.0, -27.0, 63.0], [42.0, 11.0, 29.0, 19.0, 50.0], [23.0, 22.0, 20.0, 18.0, 9.0]]
R_P = {(0, 1): 0.87275427357438, (0, 2): 0.97526284087419, (0, 3): 0.42625067714691, (1, 2): 0.91489506061850,
       (1, 3): 0.98614322544695, (2, 3): 0.47553444364614}  # fmt: skip


@pytest.mark.parametrize("pair", R_P)
def test_ties_end_exactly_at_the_p_of_games_howell_in_r(pair):
    """All four samples enter the test; the pair's p is met from both sides by moving the level."""
    leader, other = pair
    samples = [np.array(v) for v in [R_SAMPLES[leader], *(R_SAMPLES[i] for i in range(4) if i != leader)]]
    place = [leader, *(i for i in range(4) if i != leader)].index(other)
    for factor, tied in ((0.9999, True), (1.0001, False)):
        assert (tie_groups(samples, level=1 - R_P[pair] * factor)[place] == 1) is tied


def test_games_howell_by_hand():
    """q = difference / sqrt((s1²/n1 + s2²/n2) / 2), with Welch's degrees of freedom, against the studentised range."""
    samples = [np.array(v) for v in ([0.90, 0.93, 0.87, 0.91], [0.85, 0.86, 0.82], [0.60, 0.75, 0.70, 0.66])]
    one, two = samples[:2]
    parts = [v.var(ddof=1) / len(v) for v in (one, two)]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(v) - 1) for part, v in zip(parts, (one, two), strict=True))
    p = stats.studentized_range.sf((one.mean() - two.mean()) / np.sqrt(sum(parts) / 2), 3, freedom)
    assert tie_groups(samples, level=1 - p * 0.999)[1] == 1
    assert tie_groups(samples, level=1 - p * 1.001)[1] == 2


def test_interval_of_another_level_is_wider_when_it_is_surer():
    values = np.array([0.5, 0.52, 0.48])
    low, high = interval(values, UNIT, level=0.5)
    lower, higher = interval(values, UNIT, level=0.99)
    assert lower < low < high < higher
    assert interval(values, UNIT) == pytest.approx(stats.t.interval(0.95, 2, values.mean(), stats.sem(values)))


@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_tie_groups_are_numbered_without_gaps_from_the_best(values):
    samples = sorted((np.array(v) / 20 for v in values), key=lambda v: -v.mean())
    groups = tie_groups(samples)
    assert groups[0] == 1
    assert set(groups) == set(range(1, max(groups) + 1))
    assert all(group == 1 for group, sample in zip(groups, samples, strict=True) if len(sample) == 1)


def test_a_single_seed_on_a_single_target_leaves_the_ranks_no_room():
    mean, low, high = mean_ranks([[np.array([0.9]), np.array([0.1])]], np.random.default_rng(0))
    np.testing.assert_array_equal([mean, low, high], [[1, 2]] * 3)


def test_noisy_seeds_widen_the_interval_of_a_rank():
    steady = [[np.array([0.90, 0.91, 0.92]), np.array([0.80, 0.81, 0.82])]] * 4
    noisy = [[np.array([0.60, 0.91, 0.99]), np.array([0.50, 0.81, 0.98])]] * 4
    for values, certain in ((steady, True), (noisy, False)):
        _, low, high = mean_ranks(values, np.random.default_rng(0))
        assert bool(low[0] == high[0]) is certain


def test_targets_that_disagree_widen_the_interval_of_a_rank():
    values = [[np.array([0.9, 0.91]), np.array([0.1, 0.11])], [np.array([0.1, 0.11]), np.array([0.9, 0.91])]]
    mean, low, high = mean_ranks(values, np.random.default_rng(0))
    np.testing.assert_array_equal([mean, low, high], [[1.5, 1.5], [1, 1], [2, 2]])
