"""Looks at the sources of a target after every seed: against scipy's tests, by hand, and how often a claim is wrong."""

import itertools

import numpy as np
import pytest
from scipy import stats

from results.statistics.sequential import Design, better, follow

ALL = np.ones((3, 6), dtype=bool)
CLEAR = np.array([[0.90, 0.91, 0.905, 0.9, 0.91, 0.9], [0.80, 0.81, 0.79, 0.8, 0.81, 0.8], [0.7, 0.71, 0.72, 0.7, 0.7, 0.71]])
CLOSE = np.array([[0.90, 0.91, 0.92, 0.9, 0.91, 0.9], [0.89, 0.92, 0.91, 0.9, 0.92, 0.9], [0.7, 0.71, 0.72, 0.7, 0.7, 0.71]])


def by_scipy(one, two, count, shift=0.0):
    """Twice the smaller p-value of Welch's and of the paired t-test, times the number of pairs of `count` sources."""
    if one.mean() + shift <= two.mean():
        return 1.0
    welch, paired = stats.ttest_ind(one + shift, two, equal_var=False).pvalue, stats.ttest_rel(one + shift, two).pvalue
    return min(1.0, 2 * min(welch, paired) * count * (count - 1) / 2)


@pytest.mark.parametrize(("sources", "seeds", "shift"), [(2, 3, 0.0), (3, 2, 0.0), (4, 5, 0.0), (4, 5, 0.7), (5, 10, 0.2)])
def test_p_values_are_those_of_scipy(sources, seeds, shift):
    values = np.random.default_rng(sources).normal(size=(sources, 1)) + np.random.default_rng(1).normal(size=(sources, seeds))
    found = better(values, shift)
    for i, j in itertools.permutations(range(sources), 2):
        assert found[i, j] == pytest.approx(by_scipy(values[i], values[j], sources, shift), rel=1e-9)
    assert (np.diag(found) == 1).all()


def test_a_seed_that_one_of_two_sources_misses_is_not_counted_in_their_pair():
    values = np.random.default_rng(0).normal(size=(3, 5))
    gap = values.copy()
    gap[0, 2] = np.nan
    found, kept = better(gap), [0, 1, 3, 4]
    assert found[1, 2] == better(values)[1, 2]
    for i, j in ((0, 1), (1, 0), (0, 2)):
        assert found[i, j] == pytest.approx(by_scipy(values[i, kept], values[j, kept], 3), rel=1e-9)


@pytest.mark.parametrize(
    "values", [[[0.9, 0.9, 0.9], [0.8, 0.8, 0.8]], [[0.9, 0.8, np.nan], [0.7, np.nan, 0.6]], [[np.nan] * 3] * 2]
)
def test_where_nothing_varies_or_one_seed_is_common_nothing_is_told_apart(values):
    assert (better(np.array(values)) == 1).all()


def test_the_level_is_shared_by_the_looks_and_the_first_is_after_three_seeds():
    assert (Design(3).first, Design(3).alpha) == (3, pytest.approx(0.05))
    assert (Design(10).first, Design(10).alpha) == (3, pytest.approx(0.05 / 8))
    assert (Design(2, 0.9).first, Design(2, 0.9).alpha) == (2, pytest.approx(0.1))


def test_one_clear_winner_is_decided_at_the_first_look():
    found = follow(CLEAR, ALL, Design(6))
    assert (found.best, found.seeds, found.contenders, found.beaten) == (0, 3, (0,), {1: 3, 2: 3})


def test_close_sources_stay_contenders_and_the_third_is_beaten_once():
    found = follow(CLOSE, ALL, Design(6))
    assert (found.best, found.seeds, found.beaten) == (None, 6, {2: 3})
    assert sorted(found.contenders) == [0, 1]


def test_within_a_margin_the_better_of_two_close_sources_is_decided_upon():
    found = follow(CLOSE, ALL, Design(6, margin=0.1))
    assert (found.best, found.seeds, set(found.contenders)) == (int(CLOSE[:2, :3].mean(axis=1).argmax()), 3, {0, 1})
    assert found.nearness <= Design(6).alpha


def test_what_was_made_out_of_turn_changes_nothing():
    tried, known = ALL.copy(), CLOSE.copy()
    tried[0, 3], known[0, 3] = False, np.nan
    early = follow(known, tried, Design(6))
    assert early == follow(np.where(np.arange(6) < 3, CLOSE, np.nan), np.broadcast_to(np.arange(6) < 3, (3, 6)), Design(6))
    assert early.seeds == 3


def test_a_seed_that_failed_is_passed_over_and_one_that_is_open_is_waited_for():
    values, tried = CLEAR.copy(), ALL.copy()
    values[0, 1] = np.nan
    assert follow(values, tried, Design(6)).seeds > 3
    tried[0, 1] = False
    assert follow(values, tried, Design(6)).seeds == 1


def test_a_source_without_any_result_is_no_contender_and_one_alone_needs_no_seed():
    values = CLEAR.copy()
    values[0] = np.nan
    found = follow(values, ALL, Design(6))
    assert (found.best, found.contenders, found.beaten) == (1, (1,), {2: 3})
    assert follow(values[:1], ALL[:1], Design(6)).seeds == 0
    assert follow(np.full((3, 6), np.nan), ALL, Design(6)).contenders == ()


@pytest.mark.slow
@pytest.mark.parametrize("together", [0.0, 0.8])
def test_equal_sources_are_told_apart_at_most_at_the_stated_rate(together):
    """Of 400 matrices at level 0.8 at most 80 are expected to have a false claim; 104 would have a probability of 0.001."""
    rng, wrong = np.random.default_rng(5), 0
    for _ in range(400):
        values = together**0.5 * rng.normal(size=(1, 5)) + (1 - together) ** 0.5 * rng.normal(size=(4, 5))
        wrong += bool(follow(values, np.ones((4, 5), dtype=bool), Design(5, level=0.8)).beaten)
    assert 10 < wrong <= 103
