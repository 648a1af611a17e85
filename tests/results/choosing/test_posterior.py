"""The belief after runs, against conditioning of Gaussians by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from results.choosing.moments import covariance_by_moments, run_spread, score_maps, seen_by_moments
from results.choosing.policy import Arm, Trial
from results.choosing.posterior import DATA_SETS, Belief, belief_of
from results.statistics.normal_scores import normal_scores
from tests.results.choosing.matrices import drawn, matrix_of


@pytest.fixture(scope="module")
def belief():
    return Belief(drawn(targets=8).prior())


def test_gain_and_draws_are_those_of_the_joint_gaussian(belief):
    """Of (worths, what runs show) with what runs show = worth + noise + a common level, in units of the scale."""
    arms = (3, 7, 3)
    for number, step in enumerate(belief.scales):
        gain, draws, precision, log_det = belief._update(arms)[number]
        wide = belief.seen.level_sd / math.exp(step)
        size = len(belief.mean)
        pick = np.eye(size)[list(arms)]
        joint = np.block(
            [[belief.covariance, belief.covariance @ pick.T], [pick @ belief.covariance, pick @ belief.covariance @ pick.T]]
        )
        joint[size:, size:] += belief.seen.noise * np.eye(3) + wide**2
        right = joint[:size, size:] @ np.linalg.inv(joint[size:, size:])
        left = joint[:size, :size] - right @ joint[size:, :size]
        assert np.allclose(gain, right)
        assert log_det == pytest.approx(np.log(np.linalg.det(joint[size:, size:])))
        assert np.allclose(precision @ joint[size:, size:], np.eye(3), atol=1e-6)
        assert np.allclose(np.diag(np.cov(draws)), np.diag(left), rtol=0.6, atol=0.05)  # 256 draws
        assert abs((draws.mean(axis=1) - belief.mean) / np.sqrt(np.diag(left) + 1e-9)).mean() < 0.15


def test_a_good_run_raises_the_probability_and_a_bad_one_lowers_it(belief):
    arm = Arm("s1", "lr=0.01,momentum=0,weight_decay=0")
    number, every = belief.arm(*arm), range(len(belief.mean))
    chance = [belief.within([Trial(arm, 0, loss)], number, every, 0.01) for loss in (0.2, 1.0, 5.0)]
    assert chance == sorted(chance, reverse=True)
    assert belief.within([Trial(arm, 0, None)], number, every, 0.01) == belief.within([], number, every, 0.01)
    assert belief.within([], number, every, 10.0) == 1


def test_what_the_prior_does_not_hold_has_no_arm(belief):
    assert belief.arm("stranger", "lr=0.01,momentum=0,weight_decay=0") is None
    assert belief.arm("s1", "lr=7") is None


def test_few_targets_give_no_belief():
    assert belief_of(drawn(targets=DATA_SETS - 1).prior()) is None
    assert belief_of(drawn(targets=DATA_SETS).prior()) is not None


def test_one_data_set_with_different_options_is_no_experience():
    prior = drawn(targets=DATA_SETS + 1).prior()
    sizes = tuple(f"blood[size={size}]" for size in range(DATA_SETS))
    assert belief_of(replace(prior, targets=(*sizes, "breast"))) is None
    assert belief_of(replace(prior, targets=(*sizes[:2], "breast", "retina", "derma"))) is not None


@pytest.mark.parametrize("parts", [(1.0, 0.0, 0.0, 0.5), (0.0, 0.8, 0.0, 0.2), (0.3, 0.2, 0.6, 0.1)])
def test_the_variances_that_worths_were_drawn_with_are_found(parts):
    kernel = np.exp(-((np.arange(6)[:, None] - np.arange(6)) ** 2) / 2)
    same, alike = np.kron(np.eye(5), np.ones((6, 6))), np.kron(np.ones((5, 5)), kernel)
    truth = parts[0] * same + parts[1] * alike + parts[2] * same * alike + parts[3] * np.eye(30)
    rng = np.random.default_rng(1)
    drawn_worths = rng.multivariate_normal(np.zeros(30), truth, size=4000)
    found = covariance_by_moments(drawn_worths, 5, kernel) * 3999 / 4001
    assert np.abs(found - truth).max() < 0.08


def test_level_and_scale_of_each_target_are_those_of_its_line():
    worth = normal_scores(np.random.default_rng(0).random((3, 40)))
    lines = [(1.0, 0.5), (2.0, 0.25), (0.5, 1.0)]
    shown = np.stack([level + scale * row for (level, scale), row in zip(lines, worth, strict=True)]).reshape(3, 8, 5)
    seen = seen_by_moments(shown, worth, np.arange(5))
    assert [number for number, _, _ in seen.lines] == [0, 1, 2]
    assert [(level, math.exp(log_scale)) for _, level, log_scale in seen.lines] == pytest.approx(
        [pytest.approx(line) for line in lines]
    )


def test_losses_that_say_nothing_move_nothing():
    worth = normal_scores(np.random.default_rng(0).random((3, 40)))
    seen = seen_by_moments(-worth.reshape(3, 8, 5), worth, np.arange(5))  # the better, the larger the loss
    assert seen.noise == 1e6
    assert len(seen.lines) == 3


def test_scores_belong_to_worths_by_their_rank():
    score = np.array([[0.9, 0.5, 0.7, np.nan]])
    worth = normal_scores(score)
    assert worth[0, [1, 2, 0]] == pytest.approx([-0.8694, 0, 0.8694], abs=1e-3)  # Blom: quantiles of .1923, .5, .8077
    maps = score_maps(score)
    assert maps[0, [0, maps.shape[1] // 2, -1]].tolist() == [0.5, 0.7, 0.9]


def test_the_spread_of_replicates_is_pooled_over_the_better_arms():
    score = np.array([[[0.9, 0.8, 0.5, 0.1]]])
    worth = normal_scores(np.array([[0.85, 0.3]]))
    assert run_spread(score, np.array([0, 0, 1, 1]), worth) == pytest.approx([np.std([0.9, 0.8], ddof=1)])
    assert run_spread(score, np.arange(4), normal_scores(score[:, 0])) == [0]


def test_one_setting_and_few_sources_are_no_trouble():
    score = np.random.default_rng(0).random((6, 3, 1))
    assert belief_of(matrix_of(score).prior()).within([Trial(Arm("s0", "width=0"), 0, 0.4)], 0, [0, 1, 2], 0.005) >= 0
