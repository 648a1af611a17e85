"""The expected calibration error, against sums written out, binomial tails and known worlds."""

import numpy as np
import pytest
from scipy import stats

from results.metrics import METRICS, scores
from results.statistics.calibration_error import (
    Decisions,
    Gaps,
    bin_of_each,
    contributions,
    decisions,
    gaps_of,
    interval_of,
    quantile_error,
    value_of,
)
from results.statistics.influence import Predictions, ece


def made(confidence, right, clusters=None):
    return Decisions(np.asarray(confidence, float), np.asarray(right, bool), clusters, len(confidence))


def overconfident(rng, count, by=0.15):
    confidence = rng.uniform(0.6, 1, count)
    return made(confidence, rng.random(count) < confidence - by)


def test_a_decision_is_the_most_probable_class_and_yes_or_no_to_each_label():
    one = decisions(np.eye(3, dtype=int)[[0, 2]], np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]), None, multilabel=False)
    np.testing.assert_array_equal((one.confidence, one.right), ([0.5, 0.6], [True, False]))
    several = decisions(np.array([[1, 0], [0, 0]]), np.array([[0.8, 0.3], [0.1, 0.9]]), None, multilabel=True)
    np.testing.assert_allclose(several.confidence, [0.8, 0.7, 0.9, 0.9])
    np.testing.assert_array_equal(several.right, [True, True, True, False])
    np.testing.assert_array_equal(several.clusters, [0, 0, 1, 1])


@pytest.mark.parametrize(("images", "bins"), [(1, 1), (39, 1), (40, 2), (150, 7), (300, 15), (5000, 15)])
def test_bins_hold_equally_many_decisions(images, bins):
    counts = np.bincount(bin_of_each(np.random.default_rng(0).random(images), images))
    assert len(counts) == bins
    assert counts.max() - counts.min() <= 1


def test_equal_confidences_share_a_bin_and_the_order_of_images_does_not_matter():
    rng = np.random.default_rng(1)
    confidence, right = np.round(rng.uniform(0.5, 1, 200), 1), rng.random(200) < 0.7
    places = bin_of_each(confidence, 200)
    assert all(len(set(places[confidence == value])) == 1 for value in set(confidence))
    order = rng.permutation(200)
    assert value_of(made(confidence[order], right[order])) == pytest.approx(value_of(made(confidence, right)), abs=1e-12)


def test_the_plain_error_is_the_sum_written_out():
    confidence = np.repeat([0.6, 0.9], [40, 60])
    right = np.concatenate([np.arange(40) < 30, np.arange(60) < 42])
    gaps, _ = gaps_of(made(confidence, right))
    assert float(gaps.plain) == pytest.approx(0.4 * abs(0.6 - 0.75) + 0.6 * abs(0.9 - 0.7))
    assert contributions(made(confidence, right)).mean() == pytest.approx(float(gaps.plain))


def test_in_one_bin_that_is_far_off_nothing_is_subtracted_and_the_interval_is_wilsons():
    """Without noise that changes a sign, the ends are the errors whose normal test of the binomial share is just passed."""
    gaps = Gaps(np.array([200]), np.array([0.95]), np.array([0.7]))
    low, value, high = (float(quantile_error(gaps, z)) for z in (1.96, 0, -1.96))
    known = stats.binomtest(140, 200).proportion_ci(0.9500042, method="wilson")
    assert value == pytest.approx(0.25, abs=1e-6)
    assert (0.95 - high, 0.95 - low) == pytest.approx((known.low, known.high), abs=1e-5)


def test_a_network_that_is_always_right_with_certainty_has_no_error():
    perfect = made(np.ones(100), np.ones(100))
    assert value_of(perfect) == 0
    low, high = interval_of(perfect)
    assert (low, high) == (0, pytest.approx(1.96**2 / 100, rel=0.2))  # the rule of three, by a normal test


def test_of_calibrated_networks_the_plain_error_is_noise_and_the_value_is_less():
    rng = np.random.default_rng(2)
    worlds = [overconfident(rng, 300, 0.0) for _ in range(150)]
    plain = np.mean([float(gaps_of(each)[0].plain) for each in worlds])
    assert plain > 0.05
    assert np.mean([value_of(each) for each in worlds]) < 0.3 * plain


@pytest.mark.parametrize(("count", "by"), [(150, 0.0), (150, 0.15), (1000, 0.0), (1000, 0.05), (1000, 0.15)])
def test_the_interval_holds_in_about_95_of_100(count, by):
    rng, sets = np.random.default_rng(3), 300
    gaps = [gaps_of(overconfident(rng, count, by))[0] for _ in range(sets)]
    together = Gaps(*(np.array([getattr(each, name) for each in gaps]) for name in ("counts", "confidence", "right")))
    low, high = quantile_error(together, 1.96), quantile_error(together, -1.96)
    assert 0.92 <= np.mean((low <= by) & (by <= high)) <= 0.995


def test_images_of_one_patient_widen_the_interval():
    rng = np.random.default_rng(4)
    alone = overconfident(rng, 200)
    five = made(np.repeat(alone.confidence, 5), np.repeat(alone.right, 5), np.repeat(np.arange(200), 5))
    as_if_alone = made(five.confidence, five.right)
    widths = [high - low for low, high in map(interval_of, (alone, five, as_if_alone))]
    assert widths[1] == pytest.approx(widths[0], rel=0.35)
    assert widths[2] < 0.7 * widths[1]
    assert np.isnan(interval_of(made(five.confidence, five.right, np.zeros(1000)))).all()


def test_a_probability_that_is_no_number_has_no_error():
    odd = made([0.5, np.nan], [True, False])
    assert np.isnan([value_of(odd), *interval_of(odd)]).all()


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_influence_has_the_variance_of_resampled_errors(multilabel):
    """Of a network that is far too certain: the bins and the signs of the gaps then are the same in every draw."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, (400, 2)) if multilabel else np.eye(2, dtype=int)[rng.integers(2, size=400)]
    raw = rng.uniform(0.7, 1, 400)
    wrong = rng.random((400, 2)) < 0.4
    sure = np.stack([raw, raw], axis=1)
    given = np.where((labels == 1) ^ wrong, sure, 1 - sure)
    if not multilabel:
        given = np.stack([given[:, 0], 1 - given[:, 0]], axis=1)
    of = Predictions(np.arange(400), None, labels, given, multilabel)
    moved = ece(of)
    assert moved.mean() == pytest.approx(0, abs=1e-12)
    drawn = [of.at(rng.integers(400, size=400)) for _ in range(300)]
    errors = [float(gaps_of(decisions(one.truth, one.probabilities, None, multilabel=multilabel))[0].plain) for one in drawn]
    assert np.sqrt(moved @ moved) / 400 == pytest.approx(np.std(errors), rel=0.15)


def test_patients_enter_the_score_of_a_record_and_that_of_its_stored_predictions_alike():
    rng = np.random.default_rng(6)
    labels, given = rng.integers(2, size=120), rng.dirichlet([1, 1], 120)
    groups = np.array([f"patient {i // 6}" for i in range(120)], dtype=object)
    of = Predictions(np.arange(120), groups, np.eye(2, dtype=int)[labels], given, False)
    assert scores("binary", labels, given, groups)["ece"] == METRICS["ece"].of(of)
