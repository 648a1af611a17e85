import numpy as np
import pytest

from results.evaluation.operating import operating_points, threshold_for
from results.statistics.influence import Predictions


def predictions(rng, count=60, groups=None, digits=2):
    labels = rng.integers(2, size=count)
    score = np.round(np.clip(labels * 0.2 + rng.normal(0.4, 0.2, size=count), 0, 1), digits)
    return Predictions(np.arange(count), groups, np.eye(2, dtype=int)[labels], np.stack([1 - score, score], axis=1), False)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("stated", [0.5, 0.8, 0.9, 0.95, 1.0])
def test_the_threshold_is_that_of_a_search_by_brute_force(seed, stated):
    of = predictions(np.random.default_rng(seed))
    positive, scores = of.truth[:, 1] == 1, of.probabilities[:, 1]
    candidates = np.append(np.unique(scores), np.nextafter(scores.max(), 9))
    sensitive = max(t for t in candidates if np.mean(scores[positive] >= t) >= stated)
    specific = min(t for t in candidates if np.mean(scores[~positive] < t) >= stated)
    assert threshold_for("sensitivity", stated, positive, scores) == sensitive
    assert threshold_for("specificity", stated, positive, scores) == specific


def test_points_are_chosen_on_validation_images_and_measured_on_test_images():
    rng = np.random.default_rng(9)
    validation, test = predictions(rng), predictions(rng, 90)
    points = operating_points(["benign", "malignant"], validation, test, [("sensitivity", 0.9), ("specificity", 0.8)])
    assert [(p.class_name, p.fixed, p.stated) for p in points] == [
        ("benign", "sensitivity", 0.9), ("benign", "specificity", 0.8),
        ("malignant", "sensitivity", 0.9), ("malignant", "specificity", 0.8),
    ]  # fmt: skip
    for point in points:
        column = ["benign", "malignant"].index(point.class_name)
        sides = {"sensitivity": 1, "specificity": 0}
        for name, side in sides.items():
            own = test.truth[:, column] == side
            right = (test.probabilities[own, column] >= point.threshold) == side
            estimate = getattr(point, name)
            assert (estimate.value, estimate.images) == (pytest.approx(right.mean()), own.sum())
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert point.chosen_from == (validation.truth[:, column] == sides[point.fixed]).sum()


def test_other_test_images_move_no_threshold():
    rng = np.random.default_rng(10)
    validation = predictions(rng)
    thresholds = [[p.threshold for p in operating_points("ab", validation, predictions(rng, n))] for n in (20, 200)]
    assert thresholds[0] == thresholds[1]


def test_patients_widen_the_interval():
    rng = np.random.default_rng(11)
    validation, one = predictions(rng), predictions(rng, 60)
    rows = np.repeat(np.arange(60), 4)
    alone, together = one.at(rows), one.at(rows)
    together = Predictions(together.samples, rows, together.truth, together.probabilities, False)
    for free, clustered in zip(
        operating_points("ab", validation, alone), operating_points("ab", validation, together), strict=True
    ):
        assert free.sensitivity.value == clustered.sensitivity.value
        assert free.sensitivity.high - free.sensitivity.low < clustered.sensitivity.high - clustered.sensitivity.low


def test_a_class_without_validation_images_has_no_points_and_one_without_test_images_no_sensitivity():
    three = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    one = Predictions(np.arange(4), None, np.eye(3, dtype=int)[[1, 0, 1, 0]], three, False)
    points = operating_points(["a", "b", "c"], one, one.at(np.array([0, 2])))
    assert {p.class_name for p in points} == {"a", "b"}
    assert np.isnan(points[0].sensitivity.value)
    assert points[0].sensitivity.images == 0


@pytest.mark.parametrize("stated", [0, -0.1, 1.01, np.nan])
def test_a_stated_value_is_a_share(stated):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        threshold_for("sensitivity", stated, np.array([True, False]), np.array([0.2, 0.1]))
