"""Conformal sets of sources, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from results.choosing.sets import conformal_size, places_of, source_set
from tests.results.choosing.matrices import matrix_of


@pytest.mark.parametrize(
    ("places", "level", "size"),
    [
        ([1, 1, 2, 1, 3, 1, 6, 4, 1, 2, 1], 0.9, 6),  # ceil(12 × .9) = 11th of 11: the largest
        ([1, 1, 2, 1, 3, 1, 6, 4, 1, 2, 1], 0.5, 1),  # the 6th smallest of 1 1 1 1 1 1 2 2 3 4 6
        ([1, 1, 2, 1, 3, 1, 6, 4, 1, 2, 1], 0.75, 3),  # the 9th
        ([1] * 8, 0.9, None),  # ceil(9 × .9) = 9 > 8
        ([1] * 9, 0.9, 1),
        ([1, 2], 2 / 3, 2),
        ([], 0.9, None),
    ],
)
def test_the_size_is_a_rank_of_the_places(places, level, size):
    assert conformal_size(places, level) == size


def test_a_place_comes_from_the_order_of_the_other_families():
    # s0 is the best on t0 and t1, which are relatives, and by far on t1; s1 is the best on t2.
    score = [[[0.9], [0.8]], [[0.99], [0.8]], [[0.7], [0.8]]]
    alone, related = matrix_of(score).prior(), matrix_of(score, family={"t0": "f", "t1": "f"}).prior()
    # Losses of s1 - s0: ln 2 on t0, ln 20 on t1, -ln 1.5 on t2. Without t0 or t1 s0 leads; without both s1 does.
    assert places_of(alone, alone.score[..., 0], ("s0", "s1"), 0.0) == {"t0": 1, "t1": 1, "t2": 2}
    assert places_of(related, related.score[..., 0], ("s0", "s1"), 0.0) == {"t0": 2, "t1": 2, "t2": 2}
    assert set(places_of(alone, alone.score[..., 0], ("s0", "s1"), 0.2).values()) == {1}
    assert places_of(alone, alone.score[..., 0], ("s0",), 0.0) == {}


def test_a_target_that_has_not_measured_all_candidates_gives_no_place():
    """Twelve own experiments with two of four sources each say nothing about four."""
    score = np.full((14, 4, 1), np.nan)
    score[:12, :2, 0], score[12:, :, 0] = (0.9, 0.8), (0.9, 0.8, 0.7, 0.6)
    prior = matrix_of(score, kwh=np.ones(score.shape)).prior()
    assert set(places_of(prior, prior.score[..., 0], prior.sources, 0.0)) == {"t12", "t13"}
    found = source_set(prior, prior.sources, None)
    assert (found.names, found.targets, found.level) == (("s0", "s1", "s2", "s3"), 2, None)
    assert source_set(prior, ("s0", "s1", "stranger"), None).targets == 14


@pytest.mark.parametrize("named", [True, False])
def test_a_pair_that_shares_images_need_not_be_measured(named):
    score = np.tile([[[0.9], [0.8], [0.7]]], (12, 1, 1))
    score[3, 1] = np.nan
    targets = [f"t{number}" for number in range(12)]
    if named:
        targets[3] = "s1[size=64]"
    prior = matrix_of(score, targets=targets).prior()
    if not named:
        assert source_set(prior, prior.sources, None).targets == 11
        prior = replace(prior, apart=frozenset({("s1", "t3")}))
    assert source_set(prior, prior.sources, None).targets == 12


def test_one_data_set_with_many_options_is_one_target():
    """Twelve sizes of one data set cannot give a set of 90 %; the largest of its places counts."""
    score = np.tile([[[0.9], [0.8]]], (13, 1, 1))
    score[12] = [[0.8], [0.9]]
    targets = [*(f"blood[size={size}]" for size in range(12)), "breast"]
    found = source_set(matrix_of(score, targets=targets).prior(), ("s0", "s1"), None)
    assert (found.targets, found.families, found.level, found.names) == (2, 2, None, ("s0", "s1"))


def test_a_set_says_on_how_many_targets_it_rests_and_leaves_strangers_out():
    score = np.tile([[[0.9], [0.8], [0.7]]], (12, 1, 1))
    found = source_set(matrix_of(score).prior(), ("stranger", "s2", "s0", "s1"), None)
    assert (found.names, found.targets, found.held, found.level) == (("s0",), 12, 12, 0.9)
    related = source_set(matrix_of(score, family={"t0": "f", "t1": "f", "t2": "f"}).prior(), ("s0", "s1", "s2"), None)
    assert (related.targets, related.families) == (12, 10)
    few = source_set(matrix_of(score[:5]).prior(), ("s0", "s1"), 0.005)
    assert (few.names, few.targets, few.level) == (("s0", "s1"), 5, None)
