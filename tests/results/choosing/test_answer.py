"""The answer after some trials."""

import pytest

from results.choosing.answer import answer, sure, trust_in
from results.choosing.play import column_of, play
from results.choosing.policy import Arm, Known, Trial, policy_named
from results.choosing.prior import Prior, Setting
from results.choosing.stopping import recommended
from tests.results.choosing.matrices import drawn


@pytest.fixture(scope="module")
def known():
    import numpy as np

    matrix = drawn(targets=12)
    column = column_of(matrix, matrix.kwh, 0, "kwh", np.arange(4))
    prior = matrix.prior().without("t0")
    played = play(policy_named("race"), column, prior, 0, 12)
    return Known(column.sources, column.settings, prior, played.trials)


@pytest.mark.slow
def test_it_names_the_smallest_loss_the_sets_and_the_constants(known):
    found = answer(known)
    losses = {trial.val_loss: trial.arm for trial in known.trials}
    assert recommended(known.trials) == losses[min(losses)]
    assert (len(known.trials), found.near.targets, found.near.level) == (12, 11, 0.9)
    assert set(found.near.names) <= set(found.best.names) <= {"s0", "s1", "s2", "s3"}
    assert [constant.name for constant in found.constants] == ["leader", "random", "static"]
    assert 0 < found.within < 1
    assert found.within == sure(known)
    assert found.within_targets == trust_in(known.prior).targets == 11


def test_it_is_the_same_twice(known):
    assert answer(known) == answer(Known(known.sources, known.settings, known.prior, known.trials))


def test_an_empty_prior_says_nothing_and_still_recommends():
    settings = {"default": Setting.of({})}
    trials = (Trial(Arm("a", "default"), 0, 0.5, 1.0, 2.0), Trial(Arm("b", "default"), 0, None, None, 1.0))
    found = answer(Known(("a", "b"), settings, Prior.empty(), trials))
    assert recommended(trials) == Arm("a", "default")
    assert (found.within, found.within_targets, found.policy, found.constants) == (None, 0, None, ())
    assert (found.best.names, found.best.level, found.strangers) == ((), None, ("a", "b"))


def test_nothing_tried_recommends_nothing():
    assert recommended(()) is None
    assert answer(Known(("a",), {}, Prior.empty())).unstated == "no run has finished"
