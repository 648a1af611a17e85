"""A policy played back on one target: budgets, recommendations and failures, by hand."""

import numpy as np
import pytest

from results.choosing.play import column_of, picks_of, play
from results.choosing.policy import Arm, Trial
from results.choosing.prior import Prior
from tests.results.choosing.matrices import matrix_of

NAN = float("nan")


class Fixed:
    """Asks for the arms that it was given, by number of run."""

    name = "fixed"

    def __init__(self, *arms):
        self.arms = [Arm(f"s{source}", f"width={setting}") for source, setting in arms]

    def next(self, known, count):
        return self.arms[len(known.trials) : len(known.trials) + count]


def column(score, cost=None, **how):
    matrix = matrix_of(score, **how)
    cost = np.where(matrix.made, 1.0 if cost is None else np.reshape(cost, matrix.made.shape), 0.0)
    return column_of(matrix, cost, 0, "kwh", np.arange(len(matrix.sources)))


FOUR = [[[0.6, 0.8], [0.9, 0.7]]]  # val_loss .4 .2 / .1 .3, the column costs 1 + 2 + 3 + 4


def four():
    return column(FOUR, [[[1, 2], [3, 4]]])


@pytest.mark.parametrize(
    ("share", "runs", "score"), [(0.05, 1, 0.6), (0.1, 1, 0.6), (0.3, 2, 0.8), (0.59, 2, 0.8), (0.6, 3, 0.9), (1, 4, 0.9)]
)
def test_a_budget_holds_the_runs_whose_costs_fit_and_always_the_first(share, runs, score):
    played = play(Fixed((0, 0), (0, 1), (1, 0), (1, 1)), four(), Prior.empty(), 1)
    assert played.runs_within(share) == runs
    assert played.score(played.runs_within(share)) == score
    assert play(Fixed((0, 0), (0, 1), (1, 0), (1, 1)), four(), Prior.empty(), share).spent == pytest.approx(
        np.cumsum([1, 2, 3, 4])[:runs] / 10
    )


def test_a_least_number_of_runs_is_made_whatever_it_costs():
    assert len(play(Fixed((0, 0), (0, 1), (1, 0), (1, 1)), four(), Prior.empty(), 0, least=3).trials) == 3


def test_what_was_not_run_costs_nothing_and_is_counted():
    played = play(Fixed((0, 0), (5, 5), (1, 0)), four(), Prior.empty(), 1)
    assert played.absent == 1
    assert played.spent.tolist() == pytest.approx([0.1, 0.1, 0.4])
    assert played.score(2) == 0.6


def test_a_failed_run_costs_and_is_never_recommended():
    some = column([[[NAN, 0.8]]], [[[6, 2]]], kwh=[[[6, 2]]])
    played = play(Fixed((0, 0), (0, 1)), some, Prior.empty(), 1)
    assert [trial.val_loss for trial in played.trials] == [None, pytest.approx(0.2)]
    assert np.isnan(played.score(1))
    assert played.score(2) == 0.8
    assert played.spent.tolist() == [0.75, 1.0]


def test_an_arm_that_is_asked_for_again_is_its_next_seed():
    some = column(np.array([[[[0.9, 0.5, 0.7]]]]))
    played = play(Fixed(*[(0, 0)] * 4), some, Prior.empty(), 1)
    assert [trial.seed for trial in played.trials] == [0, 1, 2]
    assert [round(trial.val_loss, 9) for trial in played.trials] == [0.1, 0.5, 0.3]


def test_the_smallest_mean_over_seeds_is_recommended():
    a, b = Arm("a", "x"), Arm("b", "x")
    trials = [Trial(a, 0, None), Trial(a, 0, 0.2), Trial(b, 0, 0.3), Trial(a, 1, 0.6), Trial(b, 1, 0.25)]
    assert picks_of(trials).tolist() == [-1, 1, 1, 2, 4]  # after the fourth: a has .4, b .3


def test_a_policy_that_asks_for_nothing_that_there_is_ends():
    class Lost:
        name = "lost"

        def next(self, known, count):
            return [Arm("nowhere", "nothing")]

    played = play(Lost(), four(), Prior.empty(), 1)
    assert played.absent == 5
    assert np.isnan(played.score(5))


def test_the_policy_sees_no_test_score_and_what_is_left():
    seen = []

    class Looking(Fixed):
        def next(self, known, count):
            seen.append(known)
            return super().next(known, count)

    play(Looking((0, 0), (1, 0)), four(), Prior.empty(), 0.5)
    assert [known.left.kwh for known in seen] == pytest.approx([5, 4, 1])
    assert all(set(trial._fields) == {"arm", "seed", "val_loss", "kwh", "hours"} for known in seen for trial in known.trials)
