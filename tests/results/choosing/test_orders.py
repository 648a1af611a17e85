"""Orders learnt from other targets, against brute force."""

import math

import numpy as np
import pytest

from results.choosing.orders import averaged_scores, by_loss, by_rank, chosen_scores, greedy, ladder, losses_of, orders_of
from results.choosing.prior import Prior, averaged
from tests.results.choosing.matrices import drawn, matrix_of, settings_of

NAN = float("nan")


def brute(loss, chosen):
    """The mean over rows of the smallest known loss of some columns; a row without any is at its worst."""
    worst = np.nanmax(loss, axis=1)
    return np.mean(
        [min([worst[row], *(loss[row, c] for c in chosen if np.isfinite(loss[row, c]))]) for row in range(len(loss))]
    )


@pytest.mark.parametrize("seed", range(12))
def test_each_step_of_the_greedy_order_is_the_best_step_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    loss = rng.exponential(size=(rng.integers(2, 6), rng.integers(2, 7)))
    loss[rng.random(loss.shape) < 0.2 * (seed % 3)] = np.nan
    loss = loss[np.isfinite(loss).any(axis=1)]
    order, means = greedy(loss)
    for step, column in enumerate(order):
        after = [brute(loss, [*order[:step], other]) for other in range(loss.shape[1])]
        assert brute(loss, order[: step + 1]) == pytest.approx(min(after))
        assert brute(loss, order[:step]) > after[column]
    assert min(brute(loss, [*order, other]) for other in range(loss.shape[1])) == pytest.approx(brute(loss, order))
    with np.errstate(all="ignore"):
        assert np.allclose(means[np.isfinite(means)], np.nanmean(loss, axis=0)[np.isfinite(means)])


def test_nothing_known_gives_no_order():
    assert greedy(np.full((2, 3), NAN))[0] == []
    assert greedy(np.empty((0, 3)))[0] == []
    assert orders_of(Prior.empty()).ranked == []


def test_a_mean_over_replicates_leaves_out_what_is_not_known():
    values = np.array([[1.0, 3.0, NAN, 5.0], [NAN, NAN, 2.0, 4.0]])
    assert np.array_equal(averaged(values, np.array([0, 0, 1, 1])), [[2.0, 5.0], [NAN, 3.0]], equal_nan=True)


def test_losses_are_logs_of_distances_to_the_bound():
    score = np.array([[0.9, 0.8, NAN]])
    assert losses_of(score, "auc")[0, :2] == pytest.approx([0, math.log(2)])
    assert losses_of(-score, "loss")[0, :2] == pytest.approx([math.log(0.9 / 0.8), 0])  # lower is better: the sign is turned
    assert losses_of(np.array([[1.0, 0.99]]), "auc")[0] == pytest.approx([0, math.log(100)])  # a perfect score is no infinity


def test_the_chosen_score_is_that_of_the_smallest_validation_loss():
    val_loss = np.array([[0.5, 0.1, 0.3], [NAN, NAN, NAN], [0.2, NAN, 0.1]])
    score = np.array([[0.9, 0.7, 0.8], [0.9, 0.9, 0.9], [0.6, 0.9, NAN]])
    assert np.array_equal(chosen_scores(val_loss, score), [0.7, NAN, 0.6], equal_nan=True)


def test_replicates_are_dealt_to_sweeps():
    settings = settings_of(
        *({"lr": "0.001", "weight_decay": decay} for decay in ("0", "1e-3")), {"lr": "1", "weight_decay": "1"}
    )
    prior = matrix_of([[[0.9, 0.7, 0.8]]], val_loss=[[[0.1, 0.4, 0.2]]], settings=settings).prior()
    # Sweep 1 has the first member and the third setting: .1 against .2 chooses .9. Sweep 2: .4 against .2 chooses .8.
    assert averaged_scores(prior)[0, 0] == pytest.approx((0.9 + 0.8) / 2)


def test_sources_are_ordered_by_their_mean_loss_over_the_targets_that_know_them():
    cells = np.array([[0.9, 0.8, NAN], [0.95, 0.9, 0.9], [0.5, 0.9, NAN]])
    # losses: s0 0, 0, ln 5; s1 ln 2, ln 2, 0; s2 -, ln 2, -
    assert by_loss(cells, "auc") == [1, 0, 2]


def test_sources_are_ordered_by_their_mean_rank_over_the_targets_that_know_them():
    cells = np.array([[0.9, 0.8, NAN, 0.8], [0.95, 0.9, 0.99, 0.1], [0.1, 0.2, NAN, NAN]])
    # places: s0 0, 1/3, 1; s1 3/4 (shared), 2/3, 0; s2 -, 0, -; s3 3/4, 1, -
    assert by_rank(cells) == [2, 0, 1, 3]


def test_a_source_tries_what_is_good_on_different_targets_first():
    """Losses: setting 0 ln 2 on all, setting 1 0, 0, ln 5, setting 2 ln 5, ln 5, 0. After 1, 2 lowers t2 to 0, 0 to ln 2."""
    prior = matrix_of([[[0.8, 0.9, 0.5]], [[0.8, 0.9, 0.5]], [[0.8, 0.5, 0.9]]], sources=("one",)).prior()
    assert orders_of(prior).own("one") == ["width=1", "width=2", "width=0"]


def test_orders_hold_every_setting_once():
    prior = drawn().prior()
    orders = orders_of(prior)
    names = sorted(setting.name for setting in prior.settings)
    assert sorted(orders.own("s1")) == sorted(orders.shared(prior.sources)) == names
    pairs = orders.pairs(prior.sources)
    assert len(pairs) == len(set(pairs)) == len(prior.sources) * len(names)
    assert {source for source, _ in orders.pairs(("s2", "stranger"))} == {"s2"}


def test_the_ladder_has_one_setting_for_each_decade():
    settings = settings_of(*({"lr": rate} for rate in ("1", "0.5", "0.1", "0.02", "0.01", "0.001", "1e-05")))
    assert ladder(settings, []) == ["lr=0.1", "lr=0.02", "lr=1", "lr=0.001", "lr=0.5", "lr=0.01", "lr=1e-05"]
    assert ladder(settings, ["lr=0.01", "unknown"])[:3] == ["lr=0.1", "lr=0.01", "lr=1"]
    assert ladder(settings_of({"depth": "1"}, {"depth": "2"}), ["depth=2"]) == ["depth=2", "depth=1"]
