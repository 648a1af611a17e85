"""Statistics of a choice, against enumeration, scipy and hand-made examples."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from results.statistics import rank_agreement
from results.statistics.bounded import mean_interval
from results.statistics.multiple_testing import holm
from results.statistics.rank_agreement import (
    STATISTICS,
    agreement_statistics,
    bounds_of_statistics,
    choice_statistics,
    expected_best,
    orders,
    p_values,
    random_orders,
    weighted_tau,
)

TAU, RHO, ONE, THREE, TOP = range(5)
TRUTH = np.array([0.9, 0.8, 0.7, 0.6, 0.5])


def of(scores, values=TRUTH, top=None):
    return agreement_statistics(
        np.asarray(values)[None], np.asarray(scores, dtype=float)[None], None if top is None else np.asarray(top)
    )[0]


def by_enumeration(values, scores, k):
    """Every way to break equal scores, each as likely as the next."""
    fair = [
        o for o in itertools.permutations(range(len(values))) if all(scores[a] >= scores[b] for a, b in itertools.pairwise(o))
    ]
    return np.mean([max(values[i] for i in order[:k]) for order in fair])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=6), st.integers(1, 4))
def test_equal_scores_choose_at_random(pairs, k):
    values, scores = np.array(pairs, dtype=float).T
    found = expected_best(values[None], scores[None], k)
    assert found[0] == pytest.approx(by_enumeration(values, scores, min(k, len(values))))


def test_the_figures_of_a_hand_made_choice():
    found = of([2, 3, 1, 5, 4], top=[True, True, False, False, False])
    assert found[ONE] == pytest.approx(0.3)  # 0.9 - 0.6
    assert found[THREE] == pytest.approx(0.1)  # of 0.6, 0.5 and 0.8 the last
    assert found[TOP] == 0
    assert found[RHO] == pytest.approx(stats.spearmanr(TRUTH, [2, 3, 1, 5, 4]).statistic)
    assert found[TAU] == stats.weightedtau(TRUTH, [2, 3, 1, 5, 4]).statistic


def test_weighted_tau_of_three_sources_by_hand():
    # Truth a > b > c, scores b > a > c. Weights 1/(r+1) + 1/(s+1) of the pairs ab, ac, bc, once by truth, once by scores.
    by_truth = (-(1 + 1 / 2) + (1 + 1 / 3) + (1 / 2 + 1 / 3)) / (1 + 1 / 2 + 1 + 1 / 3 + 1 / 2 + 1 / 3)
    by_scores = (-(1 / 2 + 1) + (1 / 2 + 1 / 3) + (1 + 1 / 3)) / (1 / 2 + 1 + 1 / 2 + 1 / 3 + 1 + 1 / 3)
    assert of([2, 3, 1], [0.9, 0.8, 0.7])[TAU] == pytest.approx((by_truth + by_scores) / 2)


@pytest.mark.parametrize(("sources", "values"), [(2, 2), (3, 2), (5, 3), (14, 4), (14, 1000), (60, 1000)])
def test_weighted_tau_is_scipys_with_and_without_equal_values(sources, values, monkeypatch):
    monkeypatch.setattr(rank_agreement, "PAIRS", 7 * sources**2)  # 7 cases at once: the last part is smaller
    cases = np.random.default_rng(sources).integers(0, values, (2, 60, sources)) / 7
    able = (np.ptp(cases, axis=2) > 0).all(axis=0)
    truth, guess = cases[:, able]
    expected = [stats.weightedtau(a, b).statistic for a, b in zip(truth, guess, strict=True)]
    np.testing.assert_allclose(weighted_tau(truth, guess), expected, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(weighted_tau(truth, truth), np.ones(len(truth)))


def test_the_oracle_loses_nothing():
    np.testing.assert_allclose(of(TRUTH, top=[True, False, False, False, False]), [1, 1, 0, 0, 1])


def test_the_chance_to_hit_the_top_group_is_shared_among_equal_scores():
    assert of([7, 7, 7, 1, 0], top=[True, True, False, False, False])[TOP] == pytest.approx(2 / 3)


def test_the_top_group_of_one_seed_is_not_known():
    assert np.isnan(of([2, 3, 1, 5, 4])[TOP])


@pytest.mark.parametrize("scores", [[1, 1, 1, 1, 1], [np.nan] * 5, [1, np.nan, np.nan, np.nan, np.nan]])
def test_scores_that_order_nothing_are_refused(scores):
    assert np.isnan(of(scores, top=[True] * 5)).all()


def test_values_that_leave_no_choice_are_refused():
    assert np.isnan(of([1, 2, 3, 4, 5], np.full(5, 0.5))).all()


def test_a_source_without_a_score_is_not_ranked_but_its_loss_is_counted():
    found = of([np.nan, 3, 2, 1, np.nan])
    np.testing.assert_allclose(found[[TAU, RHO]], 1)
    np.testing.assert_allclose(found[[ONE, THREE]], 0.1)  # the best of all is not to be had


def test_cases_are_judged_one_by_one():
    rng = np.random.default_rng(0)
    values, scores = rng.random((7, 6)), rng.integers(0, 4, (7, 6)).astype(float)
    scores[3] = 1
    together = agreement_statistics(values, scores, None)
    assert np.isnan(together[3]).all()
    for i in (0, 1, 2, 4, 5, 6):
        np.testing.assert_array_equal(together[i], of(scores[i], values[i]))


def test_a_source_at_random_loses_the_mean():
    regret_1, regret_3, hit = choice_statistics(TRUTH[None], np.zeros((1, 5)), np.array([True, True, False, False, False]))[0]
    assert regret_1 == pytest.approx(0.9 - TRUTH.mean())
    assert regret_3 == pytest.approx(np.mean([0.9 - max(some) for some in itertools.combinations(TRUTH, 3)]))
    assert hit == pytest.approx(0.4)


def test_the_p_value_of_few_sources_is_exact():
    scores = np.array([5.0, 3, 4, 2, 1])
    chance = random_orders(TRUTH, scores, None)
    assert len(chance) == 120
    found = of(scores)
    p = p_values(found, chance, exact=True)
    with_scipy = stats.permutation_test(
        (TRUTH,), lambda x: stats.spearmanr(x, scores).statistic, permutation_type="pairings", alternative="greater"
    )
    assert p[RHO] == pytest.approx(with_scipy.pvalue)
    assert p[ONE] == pytest.approx(1 / 5)  # one source of five is as good as the best
    assert p[THREE] == pytest.approx(3 / 5)  # which is among three of five
    assert np.isnan(p[TOP])


def test_the_p_value_of_drawn_orders_is_never_zero():
    values = np.linspace(0, 1, 14)
    chance = random_orders(values, values, None)
    p = p_values(of(values, values), chance, exact=False)
    assert p[TAU] == 1 / (1 + len(chance))


def test_a_score_that_is_silent_about_a_source_is_compared_with_orders_of_the_others():
    scores = np.array([np.nan, 3, 2, 1, 4])
    chance = random_orders(TRUTH, scores, np.array([True, True, False, False, False]))
    assert len(chance) == 24
    assert chance[:, ONE].min() == pytest.approx(0.1)
    assert set(np.unique(chance[:, TOP])) == {0, 1}
    assert chance[:, TOP].mean() == pytest.approx(1 / 4)


@pytest.mark.parametrize(("n", "tail"), [(14, 0.40), (9, 0.52)])
def test_the_null_of_weighted_tau_is_the_published_one(n, tail):
    values = np.arange(n, dtype=float)
    chance = random_orders(values, values, None)[:, TAU]
    assert np.quantile(chance, 0.95) == pytest.approx(tail, abs=0.02)
    if n == 14:
        rng = np.random.default_rng(0)
        means = rng.choice(chance, (20_000, 11)).mean(axis=1)
        assert np.quantile(means, 0.95) == pytest.approx(0.116, abs=0.01)


def test_orders_are_all_there_are_or_drawn():
    assert len({tuple(order) for order in orders(6)}) == 720
    assert orders(14).shape == (2000, 14)
    assert (np.sort(orders(14), axis=1) == np.arange(14)).all()


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, np.nan, 0.03])), [0.03, 0.06, np.nan, 0.06])
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.6, 0.7])), [1, 1])


def test_there_are_five_statistics():
    assert STATISTICS == ("weighted_tau", "spearman", "regret_1", "regret_3", "top_tie")


@pytest.mark.slow
def test_the_interval_of_a_mean_over_targets_holds_the_truth_as_often_as_it_says():
    """Eleven targets as in CATS 2024."""
    rng, targets, boards = np.random.default_rng(0), 11, 1000
    values = rng.normal(0, 0.03, (boards * targets, 14))
    scores = values + rng.normal(0, 0.05, values.shape)
    figures = agreement_statistics(values, scores, None).reshape(boards, targets, 5)[:, :, [0, 2]]
    truth = figures.mean(axis=(0, 1))
    ends = np.array([[mean_interval(one[:, k], ((-1, 1), (0, np.inf))[k]) for k in range(2)] for one in figures])
    held = ((ends[..., 0] <= truth) & (truth <= ends[..., 1])).mean(axis=0)
    assert (held > 0.93).all()
    assert (held < 0.975).all()


BOUNDED = st.floats(0.0, 1.0, allow_subnormal=False)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(BOUNDED, st.integers(0, 3)), min_size=3, max_size=6), st.integers(0, 2**32 - 1))
def test_no_statistic_of_any_draw_leaves_its_bounds(pairs, seed):
    """Draws of the values reach far beyond the metric with two seeds, and no regret is larger than the metric is wide."""
    values, scores = np.array(pairs, dtype=float).T
    drawn = values + np.random.default_rng(seed).standard_t(1, size=(50, len(values)))
    found = agreement_statistics(drawn, np.tile(scores, (50, 1)), np.arange(len(values)) == 0, (0.0, 1.0))
    for k, (low, high) in enumerate(bounds_of_statistics((0.0, 1.0))):
        inside = found[np.isfinite(found[:, k]), k]
        assert ((low <= inside) & (inside <= high)).all(), STATISTICS[k]


def test_no_choice_loses_more_than_the_metric_is_wide():
    assert bounds_of_statistics((-1.0, 1.0))[ONE] == (0.0, 2.0)
    assert bounds_of_statistics((-np.inf, 0.0))[THREE] == (0.0, np.inf)
