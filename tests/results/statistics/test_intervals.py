import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from results.statistics import intervals as rank
from results.statistics.intervals import TargetResults, draw_means, rank_draws

UNIT = (0.0, 1.0)


def interval(values, bounds, level=0.95):
    """Of one source, which is alone."""
    return tuple(end.item() for end in rank.intervals(TargetResults([values]), bounds, level))


def tie_groups(samples, level=0.95, **known):
    """Of samples that stand best first."""
    return rank.tie_groups(TargetResults(samples, **known), range(len(samples)), level)


def test_interval_is_students_t_by_hand():
    values = np.array([0.80, 0.84, 0.85])
    half = 4.302653 * values.std(ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(interval(values, UNIT), (values.mean() - half, values.mean() + half), rtol=1e-6)


def test_interval_stops_at_the_bounds_of_the_metric():
    assert interval(np.array([0.9, 1.0, 1.0]), UNIT)[1] == 1.0


@pytest.mark.parametrize("values", [[0.8], [0.8, 0.8, 0.8]])
def test_one_value_or_equal_values_have_no_interval(values):
    assert np.isnan(interval(np.array(values), UNIT)).all()


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        low, high = interval(rng.normal(0.5, 0.02, 3), UNIT)
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


def images_of(rng, count, *spreads):
    """(G, S) centred shares in means whose standard errors are `spreads`."""
    drawn = rng.normal(size=(count, len(spreads)))
    drawn -= drawn.mean(axis=0)
    return drawn / np.linalg.norm(drawn, axis=0) * spreads


def test_draws_spread_as_seeds_and_images_together():
    rng = np.random.default_rng(0)
    values = [rng.normal(0.8, 0.02, 40), rng.normal(0.7, 0.05, 40)]
    images = images_of(rng, 500, 0.01, 0.03)
    measured = TargetResults(values, images)
    drawn = draw_means(measured, rng, 20_000)
    expected = [v.var(ddof=1) / 40 * 39 / 37 + e**2 for v, e in zip(values, (0.01, 0.03), strict=True)]
    np.testing.assert_allclose(drawn.mean(axis=0), measured.means, atol=1e-3)
    np.testing.assert_allclose(drawn.var(axis=0), expected, rtol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T)[0, 1], (images.T @ images)[0, 1], atol=2e-5)


def test_draws_of_seeds_alone_have_the_quantiles_of_the_t_interval():
    values = [np.array([0.80, 0.84, 0.85])]
    low, high = np.quantile(draw_means(TargetResults(values), np.random.default_rng(0), 200_000), (0.025, 0.975))
    np.testing.assert_allclose((low, high), interval(values[0], UNIT), atol=2e-3)


def test_images_shared_by_two_sources_do_not_blur_their_difference():
    rng = np.random.default_rng(0)
    shared = images_of(rng, 300, 0.05)
    values = [np.array([0.90, 0.901, 0.899]), np.array([0.88, 0.881, 0.879])]
    assert tie_groups(values, images=np.hstack([shared, shared])) == [1, 2]
    assert tie_groups(values, images=np.hstack([shared, images_of(rng, 300, 0.05)])) == [1, 1]


def test_test_images_widen_an_interval_and_never_narrow_it():
    values = [np.array([0.80, 0.84, 0.85])]
    alone = interval(values[0], UNIT)
    for spread in (0.001, 0.01, 0.1):
        low, high = np.ravel(rank.intervals(TargetResults(values, images_of(np.random.default_rng(0), 200, spread)), UNIT))
        assert low <= alone[0]
        assert alone[1] <= high
    assert high - low > alone[1] - alone[0]


def test_sources_of_one_target_have_each_the_interval_it_has_alone():
    """One seed beside several, equal seeds, and seeds of another count."""
    values = [np.array(v) for v in ([0.80, 0.84, 0.85], [0.7], [0.6, 0.6], [0.5, 0.52], [0.40, 0.44, 0.46])]
    low, high = rank.intervals(TargetResults(values), UNIT)
    np.testing.assert_allclose(np.stack([low, high], axis=1), [interval(v, UNIT) for v in values])
    assert np.isnan(low).tolist() == [False, True, True, False, False]


def test_one_seed_with_predictions_has_the_interval_of_its_test_images():
    """On the logit scale, with Student's t of the images; without bounds it is symmetric."""
    images = images_of(np.random.default_rng(0), 101, 0.02)
    measured = TargetResults([np.array([0.8])], images)
    np.testing.assert_allclose(np.ravel(rank.intervals(measured, (-np.inf, np.inf))), stats.t.interval(0.95, 100, 0.8, 0.02))
    place, reach = np.log(0.8 / 0.2), stats.t.ppf(0.975, 100) * 0.02 / (0.8 * 0.2)
    ends = [1 / (1 + np.exp(-(place - reach))), 1 / (1 + np.exp(-(place + reach)))]
    np.testing.assert_allclose(np.ravel(rank.intervals(measured, UNIT)), ends)
    assert not TargetResults([np.array([0.8])], images).drawable


def test_a_stated_noise_is_the_95_percent_point_of_a_difference_of_equal_sources():
    drawn = draw_means(TargetResults([np.array([0.5]), np.array([0.5])], noise=0.02), np.random.default_rng(0), 100_000)
    assert np.mean(np.abs(drawn[:, 0] - drawn[:, 1]) > 0.02) == pytest.approx(0.05, abs=0.003)


def test_differences_up_to_a_stated_noise_are_a_tie_and_larger_ones_of_one_seed_are_not():
    samples = [np.array([v]) for v in (0.90, 0.88, 0.87, 0.86)]
    assert tie_groups(samples, noise=0.02) == [1, 1, 2, 2]
    assert tie_groups(samples) == [1, 1, 1, 1]


def test_a_stated_noise_does_not_overrule_seeds_that_vary_more():
    samples = [np.array([0.9, 0.8, 0.85]), np.array([0.7, 0.9, 0.80])]
    assert tie_groups(samples, noise=0.001) == [1, 1]
    steady = [np.array([0.90, 0.901, 0.899]), np.array([0.890, 0.891, 0.889])]
    assert tie_groups(steady) == [1, 2]
    assert tie_groups(steady, noise=0.02) == [1, 1]


def test_ranks_of_draws_by_hand():
    drawn = np.array([[3, 2, 1], [3, 1, 2], [3, 2, 1], [1, 3, 2]], dtype=np.float32)
    found = rank_draws(drawn, level=0.5)
    assert found.best.tolist() == [0.75, 0.25, 0]
    assert found.low.tolist() == [1, 1, 2]
    assert found.high.tolist() == [1, 2, 3]
    np.testing.assert_allclose(found.variance, [np.var(r) for r in ([1, 1, 1, 3], [2, 3, 2, 1], [3, 2, 3, 2])])


@given(st.integers(1, 60), st.integers(1, 6), st.integers(2, 40), st.sampled_from([0.5, 0.9, 0.95]), st.integers(0, 10**6))
def test_ranks_of_draws_are_those_of_scipy_and_their_ends_numpys_quantiles(count, sources, values, level, seed):
    """Few values: many draws are equal."""
    drawn = np.random.default_rng(seed).integers(values, size=(count, sources)).astype(np.float32)
    ranks, first = stats.rankdata(-drawn, axis=1), drawn == drawn.max(axis=1, keepdims=True)
    found = rank_draws(drawn, level)
    ends = np.quantile(ranks, ((1 - level) / 2, (1 + level) / 2), axis=0, method="inverted_cdf")
    np.testing.assert_array_equal([found.low, found.high], ends)
    np.testing.assert_allclose(found.best, (first / first.sum(axis=1, keepdims=True)).mean(axis=0))
    np.testing.assert_allclose(found.variance, ranks.var(axis=0), atol=1e-5)


def test_equal_draws_share_rank_and_chance():
    found = rank_draws(np.array([[1.0, 1.0, 0.0]] * 2))
    assert found.best.tolist() == [0.5, 0.5, 0]
    assert found.low.tolist() == [1.5, 1.5, 3]


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "test_noise"), [(3, 0.0), (3, 0.01), (5, 0.01), (5, 0.04)])
def test_intervals_of_simulated_targets_cover_what_they_say(seeds, test_noise):
    """1,000 boards of one target: true mean, noise of seeds, noise of 200 test images that three sources share."""
    rng = np.random.default_rng([seeds, int(100 * test_noise)])
    inside = []
    for _ in range(1000):
        truth, images = rng.normal(0.7, 0.02, 3), None
        shared = rng.normal(0, test_noise * np.sqrt(200), (200, 3)) if test_noise else np.zeros((200, 3))
        values = list((truth + shared.mean(axis=0))[:, None] + rng.normal(0, 0.02, (3, seeds)))
        if test_noise:
            images = (shared - shared.mean(axis=0)) / 200 * np.sqrt(200 / 199)
        low, high = rank.intervals(TargetResults(values, images), (-9, 9))
        inside += list((low <= truth) & (truth <= high))
    assert 0.93 <= np.mean(inside) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sources", "seeds", "apart", "test_noise", "least", "most"),
    [
        (5, 3, 0.02, 0.0, 0.98, 1 - 1e-9), (15, 3, 0.05, 0.0, 0.98, 1 - 1e-9), (15, 3, 0.02, 0.0, 0.955, 0.985),
        (15, 3, 0.02, 0.01, 0.955, 0.985), (15, 5, 0.02, 0.02, 0.93, 0.965), (15, 3, 0.005, 0.0, 0.905, 0.94),
        (15, 3, 0.0005, 0.0, 0.87, 0.91),
    ],
)  # fmt: skip
def test_intervals_of_ranks_cover_the_true_rank_as_often_as_the_docs_say(sources, seeds, apart, test_noise, least, most):
    """500 boards of one target: sources so far apart, noise of seeds, noise of 200 test images of each source."""
    rng = np.random.default_rng([sources, seeds, int(1e4 * apart)])
    inside = []
    for _ in range(500):
        truth, images = rng.normal(0.7, apart, sources), None
        values = truth[:, None] + rng.normal(0, 0.02, (sources, seeds))
        if test_noise:
            shared = rng.normal(0, test_noise * np.sqrt(200), (200, sources))
            values += shared.mean(axis=0)[:, None]
            images = (shared - shared.mean(axis=0)) / 200 * np.sqrt(200 / 199)
        found = rank_draws(draw_means(TargetResults(list(values), images), rng, 400))
        true = stats.rankdata(-truth)
        inside += list((found.low <= true) & (true <= found.high))
    assert least <= np.mean(inside) <= most


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


def test_noisy_seeds_widen_the_interval_of_a_rank():
    steady = [np.array([0.90, 0.91, 0.92]), np.array([0.80, 0.81, 0.82])]
    noisy = [np.array([0.60, 0.91, 0.99]), np.array([0.50, 0.81, 0.98])]
    for values, certain in ((steady, True), (noisy, False)):
        found = rank_draws(draw_means(TargetResults(values), np.random.default_rng(0)))
        assert bool(found.low[0] == found.high[0]) is certain
