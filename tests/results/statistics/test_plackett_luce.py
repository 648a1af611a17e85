"""Strengths against choix, and against what they must be by symmetry."""

import choix
import numpy as np
import pytest

from results.statistics.plackett_luce import PENALTY, strengths


@pytest.mark.parametrize("partial", [False, True])
def test_strengths_are_those_of_choix(partial):
    rng = np.random.default_rng(0)
    rankings = [list(np.argsort(-rng.gumbel(np.arange(6) * 0.4))) for _ in range(9)]
    if partial:
        rankings = [[i for i in ranking if i != t % 6] for t, ranking in enumerate(rankings)]
    found, low, high = strengths(rankings, 6)
    expected = choix.opt_rankings(6, rankings, alpha=PENALTY, tol=1e-10)
    np.testing.assert_allclose(found, expected - expected.mean(), atol=1e-5)
    assert (low < found).all()
    assert (found < high).all()


def test_sources_that_take_turns_are_equally_strong():
    found, low, high = strengths([[0, 1, 2], [1, 2, 0], [2, 0, 1]], 3)
    np.testing.assert_allclose(found, 0, atol=1e-9)
    np.testing.assert_allclose(high, -low, atol=1e-9)


def test_a_source_that_always_wins_is_strong_and_not_infinitely_so():
    found, _, _ = strengths([[0, 1, 2], [0, 2, 1]] * 3, 3)
    assert 0.5 < found[0] < 10
    assert found[1] == pytest.approx(found[2])


def test_sources_that_never_meet_have_no_strength():
    assert strengths([[0, 1], [2, 3]], 4) is None
    assert strengths([[0, 1]], 3) is None
    assert strengths([[0]], 1) is None


def test_one_target_has_no_interval_over_targets():
    _, low, high = strengths([[0, 1, 2]], 3)
    assert np.isnan([low, high]).all()


def test_targets_that_agree_by_chance_are_no_certainty():
    _, low, high = strengths([[0, 1, 2]] * 3, 3)
    assert (high - low > 1).all()


@pytest.mark.slow
@pytest.mark.parametrize(("sources", "targets", "wide"), [(3, 3, 1.5), (3, 5, 1.5), (5, 3, 1.5), (5, 12, 0.5), (15, 5, 0.5)])
def test_intervals_of_strengths_cover_what_their_docstring_says(sources, targets, wide):
    """150 boards drawn from the model: strengths so wide apart, and Gumbel's noise."""
    rng = np.random.default_rng([sources, targets])
    inside = []
    for _ in range(150):
        true = rng.normal(0, wide, sources)
        true -= true.mean()
        _, low, high = strengths([list(np.argsort(-rng.gumbel(true))) for _ in range(targets)], sources)
        inside += list((low <= true) & (true <= high))
    assert 0.94 <= np.mean(inside) <= 1 - 1e-9


@pytest.mark.slow
def test_the_interval_is_as_wide_as_leaving_out_one_target_at_a_time_says():
    rng = np.random.default_rng(1)
    rankings = [list(np.argsort(-rng.gumbel(np.arange(4) * 0.5))) for _ in range(60)]
    left_out = np.stack([strengths(rankings[:t] + rankings[t + 1 :], 4)[0] for t in range(60)])
    error = np.sqrt(((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0) * 59 / 60)
    _, low, high = strengths(rankings, 4)
    np.testing.assert_allclose((high - low) / 2 / 2.0010, error, rtol=0.05)  # t of 59 degrees of freedom
