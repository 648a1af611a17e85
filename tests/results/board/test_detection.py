"""What `cats plan --detect` says of a target, from runs and from typical figures."""

import numpy as np
import pytest

from results.board import detection
from results.board.detection import Detection, images_of, seeds_of, typical_images
from results.board.ranking import Standing
from results.statistics.intervals import TargetResults, tie_groups
from results.statistics.power import Noise, hanley_mcneil


def standing(*values, images=None):
    names = [f"s{number}" for number in range(len(values))]
    return Standing(names, TargetResults([np.array(v) for v in values], images), None, None)


def test_seeds_vary_by_the_pooled_deviation_of_the_sources_that_have_several():
    spread = seeds_of(standing([0.80, 0.82, 0.84], [0.70, 0.70, 0.76], [0.9]))
    assert spread.deviation == pytest.approx(np.sqrt((0.0004 + 0.0012) / 2))
    assert "(2 sources of this experiment, from 0.020 to 0.035)" in spread.origin
    assert seeds_of(standing([0.9], [0.8])).deviation is None
    assert seeds_of(None).deviation is None


def test_test_images_move_a_difference_by_what_is_not_common_to_two_sources():
    shares = np.array([[0.01, 0.01, 0.0], [-0.01, -0.01, 0.02], [0.0, 0.0, -0.02]])
    covariance = shares.T @ shares
    of_pairs = [covariance[i, i] + covariance[j, j] - 2 * covariance[i, j] for i, j in ((0, 1), (0, 2), (1, 2))]
    assert of_pairs[0] == pytest.approx(0)
    three = standing([0.9], [0.8], [0.7], images=shares)
    assert images_of(three).deviation == pytest.approx(np.sqrt(np.mean(of_pairs)))
    assert images_of(standing([0.9], images=shares[:, :1])).deviation is None
    assert images_of(standing([0.9], [0.8])).deviation is None
    assert images_of(None).deviation is None


def test_typical_test_images_of_two_classes_are_those_of_one_area():
    spread = typical_images([(42, 114), (114, 42)])
    one = np.mean([hanley_mcneil(detection.AUC, 42, 114), hanley_mcneil(detection.AUC, 114, 42)])
    assert spread.deviation == pytest.approx(np.sqrt(2 * one * (1 - detection.SOURCES_ALIKE)))
    assert typical_images([(420, 1140), (1140, 420)]).deviation == pytest.approx(spread.deviation / np.sqrt(10), rel=0.02)


def test_several_classes_say_more_than_one():
    five = typical_images([(80, 320)] * 5).deviation
    assert five < typical_images([(80, 320), (80, 320)]).deviation
    assert five > typical_images([(80, 320), (80, 320)]).deviation / np.sqrt(5)


def told(noise, seeds=3, difference=0.02, unit="test images"):
    return Detection("busi", "auc", difference, noise, seeds, unit, ("this", "that")).sentences()


def test_a_plan_that_has_enough_is_told_so():
    now, needed, origins = told(Noise(1e-5, 1e-6, 5000, 3), seeds=5)
    assert now.startswith("busi: 5 seeds and 5000 test images tell 0.0")
    assert now.endswith("auc apart (80 % power, 95 % for all pairs of 3 sources)")
    assert needed == "busi: 0.02 auc needs 3 seeds; the plan has 5"
    assert origins == "busi: this; that"


def test_a_plan_with_too_few_seeds_is_told_how_many():
    _, needed, _ = told(Noise(1e-4, 3e-5, 300, 3))
    assert needed == "busi: 0.02 auc needs 22 seeds, where the plan has 3; about 310 test images with 20 seeds would do, too"


def test_no_other_test_images_are_asked_for_that_would_need_more_seeds_than_these():
    _, needed, _ = told(Noise(2e-4, 5e-6, 4000, 5))  # before: "or about 860 test images with 50 seeds"
    assert needed == "busi: 0.02 auc needs 17 seeds, where the plan has 3"


def test_a_test_set_that_is_too_small_is_named():
    _, needed, _ = told(Noise(2e-4, 4e-4, 117, 5), unit="patients")
    assert needed.startswith(
        "busi: no number of seeds tells 0.02 auc apart with 117 patients: the test set is too small; about "
    )
    assert needed.endswith(" seeds would")


def test_seeds_that_vary_without_measure_are_named():
    _, needed, _ = told(Noise(0.2, 4e-4, 117, 5))
    assert needed.endswith("the test set is too small; nor do 1000 seeds with any number of test images")
    _, needed, _ = told(Noise(0.2, 0.0, 117, 5))
    assert needed == "busi: 0.02 auc needs more than 1000 seeds"


def test_one_seed_tells_nothing_apart():
    now, _, _ = told(Noise(2e-4, 4e-4, 117, 5), seeds=1)
    assert now == "busi: one seed tells no sources apart"


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_equal_seeds_are_not_said_to_be_one_seed(seeds):
    """Before: "one seed tells no sources apart", of a plan with three seeds whose values were equal."""
    now, needed, _ = told(Noise(0.0, 0.0, 117, 5), seeds=seeds)
    assert now.startswith(
        f"busi: nothing varies, so that {seeds} seeds and 117 test images tell no sources apart unless a noise"
    )
    assert needed == "busi: more seeds give the same values again: no number of them tells 0.02 auc apart"


def test_the_board_tells_nothing_apart_where_nothing_varies():
    equal = TargetResults([np.full(3, 0.9), np.full(3, 0.5)])
    assert tie_groups(equal, [0, 1]) == [1, 1]
    assert tie_groups(TargetResults([np.full(3, 0.9), np.full(3, 0.5)], noise=0.02), [0, 1]) == [1, 2]


def test_equal_seeds_with_test_images_need_two_seeds_or_more_test_images():
    now, needed, _ = told(Noise(0.0, 1e-5, 3000, 3))
    assert now.startswith("busi: 3 seeds and 3000 test images tell 0.0")
    assert needed == "busi: 0.02 auc needs 2 seeds; the plan has 3"
    _, needed, _ = told(Noise(0.0, 4e-4, 117, 3))
    assert "the test set is too small; about " in needed
    assert seeds_of(standing([0.1, 0.1, 0.1], [0.7, 0.7])).deviation == 0.0  # and no rounding error
    assert (
        seeds_of(standing([0.1, 0.1, 0.1])).origin == "all seeds of a source give the same value (1 source of this experiment)"
    )


def test_a_plan_that_tells_less_than_the_metric_is_wide_says_so():
    now, _, _ = told(Noise(0.2, 0.0, 117, 5), seeds=2)
    assert now == "busi: 2 seeds and 117 test images tell no difference of auc apart (80 % power)"


def test_two_labels_are_two_areas_and_two_classes_are_one():
    counts = [(42, 114), (114, 42)]
    one, two = typical_images(counts).deviation, typical_images(counts, multilabel=True).deviation
    assert two == pytest.approx(one * np.sqrt((1 + detection.CLASSES_ALIKE) / 2))
    assert typical_images(counts * 2, multilabel=True).deviation == typical_images(counts * 2).deviation


def test_counts_of_images_have_two_digits():
    assert [detection._rounded(count) for count in (7, 99, 101, 1234, 20483)] == [7, 99, 110, 1300, 21000]
