import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from benchmark.measures.cross_validation import stratified_folds
from similarity.nearest_mean import nearest_mean
from tests.support.drawn import blobs, draws


@pytest.mark.parametrize("dims", [4, 300])
def test_it_is_the_classifier_of_scikit_learn_on_the_same_folds(dims):
    features, labels = blobs(dims=dims, apart=1)
    fold = stratified_folds(features, labels, number=5, seed=0)
    right = np.empty(120)
    for one in range(5):
        known = NearestCentroid().fit(features[fold != one], labels[fold != one])
        right[fold == one] = known.predict(features[fold == one]) == labels[fold == one]
    assert nearest_mean(features, labels) == pytest.approx(right.mean(), abs=1e-12)


def test_random_features_of_many_dimensions_score_chance():
    features, labels = blobs(count=600, dims=2000, apart=0)
    assert nearest_mean(features, labels) == pytest.approx(1 / 3, abs=0.06)


def test_a_class_of_one_image_counts_as_wrong():
    features, labels = blobs(apart=20)
    labels = labels.copy()
    labels[7], features[7] = 3, -10 * features[7]  # far from all others, or it would draw some of them
    assert nearest_mean(features, labels) == pytest.approx(119 / 120)
    assert nearest_mean(features, labels, balanced=True) == pytest.approx(3 / 4)


def test_a_small_class_takes_the_interval():
    """With nine classes down to 8 of 400 images the interval was 0.87 times as wide as it should be."""
    features, labels = blobs(200, 6)
    given = {"features": features, "labels": np.where(np.arange(200) < 12, 3, labels)}
    found = nearest_mean.score(given, draws(given["labels"], 20))
    assert found.reason == "no interval: a class has 12 images, and below 20 resamples do not show how much the score varies"
    assert nearest_mean.score({"features": features, "labels": labels}, draws(labels, 20)).low is not None
