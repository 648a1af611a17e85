"""Finalists: which runs get further seeds, which of them wins, and what is called a tie."""

import pytest

from benchmark.choosing.finalists import by_seed, finalists, next_seeds, tied, winner_of
from results.choosing.policy import Arm, Trial

A, A2, B, C = Arm("a", "x"), Arm("a", "y"), Arm("b", "x"), Arm("c", "x")


def trials(**losses):
    """a_x=[loss of seed 0, of seed 1 ...]; None is a failed run."""
    arms = {"a_x": A, "a_y": A2, "b_x": B, "c_x": C}
    return [Trial(arms[name], seed, loss) for name, values in losses.items() for seed, loss in enumerate(values)]


def test_the_best_setting_of_each_of_the_two_best_sources():
    assert finalists(trials(a_x=[0.3], a_y=[0.1], b_x=[0.2], c_x=[0.25]), 0) == (A2, B)


def test_two_settings_where_one_source_was_tried():
    assert finalists(trials(a_x=[0.3], a_y=[0.1]), 0) == (A2, A)


def test_failed_runs_are_no_finalists():
    assert finalists(trials(a_x=[None], b_x=[0.2], c_x=[None]), 0) == (B,)
    assert finalists(trials(a_x=[None]), 0) == ()


def test_further_seeds_do_not_change_the_finalists():
    before = trials(a_x=[0.1], b_x=[0.2], c_x=[0.3])
    after = trials(a_x=[0.1, 9.0, 9.0], b_x=[0.2, 9.0], c_x=[0.3])
    assert finalists(before, 0) == finalists(after, 0) == (A, B)


def test_the_second_seed_of_all_comes_before_the_third():
    made = trials(a_x=[0.1, 0.2], b_x=[0.2])
    assert next_seeds(made, (0, 1, 2), (A, B)) == [(B, 1), (A, 2), (B, 2)]


def test_a_first_seed_that_is_not_0():
    made = [Trial(A, 5, 0.1), Trial(B, 5, 0.2)]
    assert finalists(made, 5) == (A, B)
    assert next_seeds(made, (5, 6), (A, B)) == [(A, 6), (B, 6)]


def test_the_winner_has_the_smallest_mean_over_the_seeds_that_all_finalists_have():
    losses = by_seed(trials(a_x=[0.10, 0.50], b_x=[0.20, 0.30, 9.0]), (A, B))
    assert winner_of(losses) == B
    assert winner_of(by_seed(trials(a_x=[0.10, 0.50], b_x=[0.20]), (A, B))) == A  # seed 0 alone is shared
    assert winner_of({}) is None


def test_a_tie_by_the_paired_test_in_closed_form():
    """Differences 1, 2, 3: t = 2 √3 with 2 degrees of freedom, p = 1 − t / √(t² + 2) for two sides."""
    losses = by_seed(trials(a_x=[0.0, 0.0, 0.0], b_x=[1.0, 2.0, 3.0]), (A, B))
    t = 2 * 3**0.5
    assert tied(losses, A) == {B: pytest.approx(1 - t / (t * t + 2) ** 0.5)}


def test_what_differs_clearly_is_no_tie():
    assert tied(by_seed(trials(a_x=[0.0, 0.0, 0.0], b_x=[1.0, 1.01, 0.99]), (A, B)), A) == {}
    assert tied(by_seed(trials(a_x=[0.0, 0.0], b_x=[1.0, 1.0]), (A, B)), A) == {}


@pytest.mark.parametrize("gap", [0.1, 0.3, 1e-3, 7.7])
def test_differences_that_are_equal_up_to_rounding_leave_no_doubt(gap):
    """0.3 + 0.1 - 0.3 and 0.7 + 0.1 - 0.7 differ in the last digits, of which a t test would say that it loses precision."""
    own = [0.3, 0.7, 1.1, 0.05]
    assert tied(by_seed(trials(a_x=own, b_x=[loss + gap for loss in own]), (A, B)), A) == {}


def test_losses_that_are_equal_up_to_rounding_are_a_tie():
    assert tied(by_seed(trials(a_x=[0.3, 0.6], b_x=[0.1 + 0.2, 0.1 + 0.5]), (A, B)), A) == {B: 1.0}
    assert tied(by_seed(trials(a_x=[0.0, 0.0], b_x=[0.0, 0.0]), (A, B)), A) == {B: 1.0}


def test_one_seed_tells_nothing():
    assert tied(by_seed(trials(a_x=[0.1], b_x=[0.9]), (A, B)), A) == {B: None}
    assert tied(by_seed(trials(a_x=[0.1, 0.2], b_x=[0.1, 0.2]), (A, B)), A) == {B: 1.0}
