"""Corrections for several tests by permutations that the tests share."""

import numpy as np
import pytest

from results.statistics.multiple_testing import holm, holm_by_permutation, permutation_p


def test_a_p_value_counts_the_truth_and_ties():
    statistics = np.array([[2.0, 1, 2 + 1e-9, 3, 0], [5.0, 1, 2, 3, 0], [0, 0, 0, 0, 0]])
    np.testing.assert_allclose(permutation_p(statistics)[:, 0], [3 / 5, 1 / 5, 1])
    assert permutation_p(statistics)[1, 3] == 2 / 5


def test_one_test_needs_no_correction():
    p = permutation_p(np.random.default_rng(0).normal(size=(1, 100)))
    assert holm_by_permutation(p) == p[:, 0]


def test_tests_that_say_the_same_cost_nothing():
    p = permutation_p(np.tile(np.random.default_rng(0).normal(size=100), (6, 1)))
    np.testing.assert_allclose(holm_by_permutation(p), p[:, 0])


@pytest.mark.parametrize("seed", range(5))
def test_no_value_is_larger_than_holms_and_none_smaller_than_its_own(seed):
    rng = np.random.default_rng(seed)
    p = permutation_p(rng.normal(size=(8, 400)) + 0.7 * rng.normal(size=400) + np.eye(400)[0] * rng.normal(1, 1, (8, 1)))
    corrected = holm_by_permutation(p)
    assert (corrected <= holm(p[:, 0]) + 1e-12).all()
    assert (corrected >= p[:, 0]).all()
    assert (np.diff(corrected[np.argsort(p[:, 0], kind="stable")]) >= 0).all()


def test_the_steps_are_those_of_the_definition():
    """By brute force: the share of permutations whose smallest p-value, of a test and those behind it, is as small."""
    p = permutation_p(np.random.default_rng(3).normal(size=(3, 40)))
    order = np.argsort(p[:, 0])
    expected, highest = {}, 0.0
    for place, test in enumerate(order):
        smaller = sum(min(p[other, column] for other in order[place:]) <= p[test, 0] for column in range(40))
        highest = max(highest, smaller / 40)
        expected[test] = highest
    np.testing.assert_allclose(holm_by_permutation(p), [expected[test] for test in range(3)])


def test_independent_and_dependent_tests_raise_false_alarms_at_their_level():
    rng, alarms = np.random.default_rng(0), {0.0: [], 3.0: []}
    for common, found in alarms.items():
        for _ in range(300):
            p = permutation_p(rng.normal(size=(4, 1000)) + common * rng.normal(size=1000))
            found.append(holm_by_permutation(p).min() <= 0.05)
    assert all(0.03 <= np.mean(found) <= 0.07 for found in alarms.values())
