"""Against Demšar's worked example (Journal of Machine Learning Research 7, 2006, table 6) and scikit-posthocs."""

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats

from results.statistics.rank_tests import cliques, critical_difference, difference, friedman

# AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on fourteen data sets: their ranks as printed in the paper.
DEMSAR = np.array([
    [4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5], [3, 2, 4, 1], [2.5, 2.5, 4, 1],
    [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5], [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2],
])  # fmt: skip
NAMES = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]


def test_the_worked_example_of_demsar():
    found = difference(NAMES, -DEMSAR)
    assert dict(zip(found.sources, found.mean_ranks, strict=True)) == pytest.approx(
        {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}, abs=5e-4
    )
    assert found.critical_difference == pytest.approx(1.25, abs=5e-3)
    assert critical_difference(4, 14, level=0.9) == pytest.approx(1.12, abs=5e-3)
    # At 5 % the paper tells none apart: best and worst differ by 1.18.
    assert found.cliques == [["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]]


def test_friedman_of_the_worked_example_is_the_papers_but_for_the_equals():
    """The paper's 9.28 leaves out the correction for equal ranks: three pairs and a four of them, 78 of 840."""
    statistic = stats.chi2.isf(friedman(-DEMSAR), 3)
    assert statistic * (1 - 78 / 840) == pytest.approx(9.28, abs=0.01)


def test_pairs_beyond_the_critical_difference_are_those_of_scikit_posthocs():
    means = np.random.default_rng(0).normal(np.arange(6) * 0.4, size=(12, 6))
    p = scikit_posthocs.posthoc_nemenyi_friedman(means).to_numpy()
    ranks = stats.rankdata(-means, axis=1).mean(axis=0)
    apart = np.abs(ranks[:, None] - ranks) > critical_difference(6, 12)
    np.testing.assert_array_equal(apart, p < 0.05)
    assert 0 < apart.sum() < 30


@pytest.mark.slow
def test_pairs_told_apart_are_those_of_scikit_posthocs():
    means = np.random.default_rng(1).normal(np.arange(5) * 0.5, size=(15, 5))
    p = scikit_posthocs.posthoc_wilcoxon(means.T, p_adjust="holm").to_numpy()
    found = {(int(better), int(worse)): q for better, worse, q in difference(list("01234"), means).told_apart}
    expected = {(max(i, j), min(i, j)): p[i, j] for i in range(5) for j in range(i) if p[i, j] < 0.05}
    assert found == pytest.approx(expected)
    assert 0 < len(found) < 10


def test_cliques_are_the_longest_runs_and_none_lies_in_another():
    assert cliques(np.array([1.0, 1.5, 2.4, 4.0]), 1.0) == [[0, 1], [1, 2]]
    assert cliques(np.array([1.0, 2.0, 3.0]), 1.0) == [[0, 1], [1, 2]]
    assert cliques(np.array([1.0, 3.0, 5.0]), 1.0) == []
    assert cliques(np.array([1.0, 1.1, 1.2]), 1.0) == [[0, 1, 2]]


@pytest.mark.parametrize("means", [np.ones((3, 3)), np.ones((1, 4)), np.random.default_rng(0).random((5, 2))])
def test_where_friedman_is_not_defined_there_is_neither_p_nor_critical_difference(means):
    found = difference([str(i) for i in range(means.shape[1])], means)
    assert (found.friedman_p, found.critical_difference, found.cliques) == (None, None, [])
    assert found.targets == len(means)


def test_few_targets_tell_no_pair_apart():
    assert difference(list("abc"), np.array([[0.9, 0.5, 0.1]] * 3)).told_apart == []
