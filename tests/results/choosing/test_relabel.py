"""Relabellings permute replicates and nothing else."""

import numpy as np
import pytest

from results.choosing.groups import groups_of
from results.choosing.prior import FIGURES
from results.choosing.relabel import has_replicates, relabelled
from tests.results.choosing.matrices import drawn, matrix_of


def runs_by_group(matrix):
    """Of each target and source, the runs of each replicate group, with all their figures, in any order."""
    groups = groups_of(matrix.settings)
    figures = np.stack([getattr(matrix, name) for name in FIGURES], axis=-1)
    return [
        sorted(figures[t, s, groups == g][matrix.made[t, s, groups == g]].tolist())
        for t in range(len(matrix.targets))
        for s in range(len(matrix.sources))
        for g in range(groups.max() + 1)
    ]


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("number", [1, 2])
def test_each_group_keeps_its_runs_with_all_their_figures(seeds, number):
    matrix = drawn(seeds=seeds)
    dealt = relabelled(matrix, number)
    assert runs_by_group(dealt) == runs_by_group(matrix)
    assert not np.array_equal(dealt.score, matrix.score)


def test_the_first_is_the_experiment_as_it_is_and_equal_numbers_are_equal_deals():
    matrix = drawn()
    assert relabelled(matrix, 0) is matrix
    assert np.array_equal(relabelled(matrix, 3).score, relabelled(matrix, 3).score)
    assert not np.array_equal(relabelled(matrix, 3).score, relabelled(matrix, 4).score)


def test_what_was_not_made_stays_not_made():
    score = drawn(seeds=2).score.copy()
    score[np.random.default_rng(1).random(score.shape) < 0.3] = np.nan
    matrix = matrix_of(score, settings=drawn().settings)
    dealt = relabelled(matrix, 1)
    assert np.array_equal(np.isfinite(dealt.score), matrix.made)
    assert runs_by_group(dealt) == runs_by_group(matrix)


def test_each_order_of_a_group_is_as_frequent_as_any_other():
    matrix = matrix_of(np.arange(3.0).reshape(1, 1, 1, 3) / 10)
    orders = [tuple(relabelled(matrix, number).score.ravel()) for number in range(1, 601)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert min(counts) > 60  # 100 expected, standard deviation 9


def test_without_replicates_nothing_changes():
    matrix = matrix_of(np.random.default_rng(0).random((2, 3, 4)))
    assert not has_replicates(matrix)
    assert np.array_equal(relabelled(matrix, 1).score, matrix.score)
    assert has_replicates(drawn())
