from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from results.evaluation.decision_curve import decision_curve
from results.evaluation.reliability import brier_parts, calibration_error, plain_error, reliability
from results.metrics import METRICS
from results.statistics.influence import Predictions, parse_predictions
from tests.support.predictions import predictions


def made(seed=0, count=400, classes=3, **options):
    return parse_predictions(predictions(np.random.default_rng(seed), count, classes, **options))


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_bins_add_up_to_the_plain_error(multilabel):
    of = made(multilabel=multilabel)
    bins = reliability(of)
    total = sum(one.right.images for one in bins)
    assert total == 400 * (3 if multilabel else 1)
    assert plain_error(of) == pytest.approx(
        sum(one.right.images * abs(one.confidence - one.right.value) for one in bins) / total
    )
    assert all(one.right.low <= one.right.value <= one.right.high for one in bins)
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)
    found = calibration_error(of)
    assert found.low <= found.value <= found.high
    assert found.value == METRICS["ece"].of(of)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("count", [36, 400])
def test_the_value_is_the_upper_end_where_every_decision_is_right_and_only_there(multilabel, count):
    of = made(multilabel=multilabel, count=count)
    decided = of.probabilities >= 0.5 if multilabel else of.probabilities == of.probabilities.max(axis=1, keepdims=True)
    right = replace(of, truth=decided.astype(int))
    found = calibration_error(right)
    assert found.value == pytest.approx(found.high, abs=1e-6)
    assert found.low < found.high
    right.truth[0] = 1 - right.truth[0] if multilabel else np.roll(right.truth[0], 1)
    found = calibration_error(right)
    assert found.value < found.high - 1e-6


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("count", [22, 48, 400])
def test_the_parts_of_the_brier_score_add_up_to_it_and_are_not_below_zero(classes, multilabel, count):
    of = made(classes=classes, multilabel=multilabel, count=count)
    parts = brier_parts(of)
    assert parts.score == pytest.approx(METRICS["brier"].of(of))
    assert parts.reliability - parts.resolution + parts.uncertainty + parts.within == pytest.approx(parts.score)
    assert min(parts.reliability, parts.resolution) >= 0
    assert parts.bins == max(min(count // 20, 15), 1)


def test_the_parts_are_murphys_where_probabilities_are_few_and_images_many():
    """Two stated probabilities, written out; the correction for few images is then below 1e-3."""
    said, share = np.repeat([0.2, 0.9], [6000, 4000]), np.concatenate([np.arange(6000) < 1800, np.arange(4000) < 3200])
    of = Predictions(
        np.arange(10_000), None, np.stack([~share, share], axis=1).astype(int), np.stack([1 - said, said], axis=1), False
    )
    parts, base = brier_parts(of), 0.5
    assert parts.reliability == pytest.approx(0.6 * (0.2 - 0.3) ** 2 + 0.4 * (0.9 - 0.8) ** 2, abs=1e-3)
    assert parts.resolution == pytest.approx(0.6 * (0.3 - base) ** 2 + 0.4 * (0.8 - base) ** 2, abs=1e-3)
    assert parts.uncertainty == pytest.approx(base * (1 - base), abs=1e-4)
    assert parts.within == pytest.approx(0, abs=1e-9)
    assert parts.score == pytest.approx(metrics.brier_score_loss(share, said))


def test_of_few_calibrated_images_most_of_the_noise_is_taken_from_the_reliability():
    """The plain reliability of 100 such images is 0.0083 on average: five bins, a variance of 1/6 each, 100 images."""
    rng, found = np.random.default_rng(1), []
    for _ in range(300):
        said = rng.uniform(0, 1, 100)
        share = rng.random(100) < said
        of = Predictions(
            np.arange(100), None, np.stack([~share, share], axis=1).astype(int), np.stack([1 - said, said], axis=1), False
        )
        found.append(brier_parts(of).reliability)
    assert min(found) == 0  # the noise of a sample may be more than there is to take
    assert np.mean(found) < 0.0083 / 2


def test_net_benefit_is_counted_by_hand():
    truth, given = np.array([1, 1, 0, 0, 0]), np.array([0.9, 0.3, 0.6, 0.2, 0.1])
    of = Predictions(np.arange(5), None, np.stack([1 - truth, truth], axis=1), np.stack([1 - given, given], axis=1), False)
    curve = decision_curve(of, 1, "ill", np.array([0.2, 0.5, 0.8]))
    assert curve.network == pytest.approx([2 / 5 - 2 / 5 * 0.25, 1 / 5 - 1 / 5, 1 / 5])
    assert curve.everyone == pytest.approx([2 / 5 - 3 / 5 * 0.25, 2 / 5 - 3 / 5, 2 / 5 - 3 / 5 * 4])
    assert curve.useful == [(0.2, 0.2), (0.8, 0.8)]


def test_a_network_that_knows_nothing_is_useful_nowhere_and_one_that_knows_all_everywhere():
    truth = np.arange(200) % 2
    classes = np.stack([1 - truth, truth], axis=1)
    nothing = decision_curve(Predictions(np.arange(200), None, classes, np.full((200, 2), 0.5), False), 1, "ill")
    everything = decision_curve(Predictions(np.arange(200), None, classes, classes.astype(float), False), 1, "ill")
    assert nothing.useful == []
    assert everything.useful == [(0.01, 0.99)]
