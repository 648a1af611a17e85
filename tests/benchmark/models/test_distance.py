"""Distances to the training images: against brute force, the share that is flagged, and sentences for odd references."""

import numpy as np
import pytest

from benchmark.models.distance import Distance, upper_quantile
from benchmark.models.reference import Reference
from results.error import CatsError


def reference(train, val=0, test=0, width=12, seed=0):
    """Random features around (1, 1, …), in the parts of a reference."""
    count = train + val + test
    features = (1 + np.random.default_rng(seed).normal(size=(count, width))).astype(np.float32)
    blank = np.zeros((count, 6), np.float32)
    return Reference(features, blank[:, :2], np.zeros(count, np.int64), blank, np.repeat(np.arange(3), (train, val, test)))


def brute(features, training, rank):
    """Sorted Euclidean distances between vectors of length 1, one pair at a time."""
    unit = [row.astype(float) / np.linalg.norm(row) for row in training]
    return [
        sorted(np.linalg.norm(row / np.linalg.norm(row) - other) for other in unit)[rank - 1] for row in features.astype(float)
    ]


@pytest.mark.parametrize(("train", "rank"), [(600, 50), (40, 4), (10, 1), (3, 1), (1, 1)])
def test_the_score_is_the_distance_to_a_tenth_of_the_training_images_and_50_at_most(train, rank):
    made = reference(train, 25)
    new = np.random.default_rng(9).normal(size=(30, 12)).astype(np.float32)
    fitted = Distance.of(made)
    assert fitted.neighbour == rank
    np.testing.assert_allclose(fitted.score(new), brute(new, made.of("train").features, rank), atol=1e-5)


def test_the_length_of_a_vector_does_not_count_and_the_score_of_no_image_is_empty():
    made = reference(50, 30)
    fitted, new = Distance.of(made), made.of("val").features
    np.testing.assert_allclose(fitted.score(new * 7), fitted.score(new), atol=1e-6)
    assert fitted.score(new[:0]).shape == (0,)
    assert fitted.score(np.zeros((1, 12), np.float32)) == pytest.approx(np.sqrt(2))  # a vector of zeros is no error


def test_chunks_do_not_change_the_scores(monkeypatch):
    made = reference(50, 30)
    whole = Distance.of(made).score(made.features)
    monkeypatch.setattr("benchmark.models.distance.CHUNK", 7)
    np.testing.assert_allclose(Distance.of(made).score(made.features), whole, atol=1e-6)


def test_about_five_percent_of_images_of_the_same_kind_are_flagged():
    shares = []
    for seed in range(40):
        made = reference(100, 99, 400, seed=seed)
        fitted = Distance.of(made)
        shares.append((fitted.score(made.of("test").features) > fitted.threshold).mean())
    assert abs(np.mean(shares) - 0.05) < 3 * np.std(shares) / np.sqrt(40)  # 0.05 exactly, because (99 + 1) · 0.95 is whole


@pytest.mark.parametrize(("val", "test", "part"), [(40, 60, "val"), (0, 60, "test")])
def test_the_threshold_comes_from_validation_images_else_from_test_images(val, test, part):
    made = reference(50, val, test)
    fitted = Distance.of(made)
    assert fitted.threshold == upper_quantile(fitted.score(made.of(part).features), 0.95)


def test_without_other_images_each_training_image_is_compared_with_the_others():
    made = reference(40)
    scores = sorted(brute(made.features, made.features, 5))  # the first neighbour of an image is the image itself
    assert Distance.of(made).threshold == pytest.approx(scores[38], abs=1e-5)  # ⌈41 · 0.95⌉ = 39th of 40


@pytest.mark.parametrize(("count", "rank"), [(19, 19), (20, 20), (39, 38), (99, 95), (100, 96), (1, 1), (5, 5)])
def test_upper_quantile_is_the_conformal_rank(count, rank):
    assert upper_quantile(np.random.default_rng(0).permutation(count) + 1.0, 0.95) == rank


def test_a_feature_that_is_no_number_gives_nan_for_its_image_only():
    made = reference(20, 20)
    new = made.of("val").features.copy()
    new[3, 2], new[5, 0] = np.nan, np.inf
    assert list(np.flatnonzero(np.isnan(Distance.of(made).score(new)))) == [3, 5]


def test_a_reference_without_training_images_or_with_features_that_are_no_numbers_is_refused():
    with pytest.raises(CatsError, match="holds no training image; keep the classifier again"):
        Distance.of(reference(0, 5, 5))
    made = reference(20, 5)
    made.features[22, 1] = np.nan
    with pytest.raises(CatsError, match="features that are no finite numbers"):
        Distance.of(made)
