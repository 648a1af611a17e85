"""Measures of pairs of images: concept_variation and interclass, against loops over pairs."""

import numpy as np
import pytest

from results.error import CatsError
from similarity.concept_variation import concept_variation
from similarity.interclass import interclass
from tests.support.drawn import blobs, draws


def by_pairs(features, labels, alpha):
    scaled = (features - features.min(axis=0)) / np.ptp(features, axis=0)
    longest, parts = np.sqrt(features.shape[1]), []
    for i, one in enumerate(scaled):
        weights = {}
        for j, other in enumerate(scaled):
            if i != j:
                apart = np.linalg.norm(one - other)
                weights[j] = 2 ** (-alpha * apart / (longest - apart))
        parts.append(sum(w for j, w in weights.items() if labels[i] != labels[j]) / sum(weights.values()))
    return -np.mean(parts)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_concept_variation_is_the_weighted_share_of_other_labels(alpha):
    features, labels = blobs(24, 5, apart=1.5)
    assert concept_variation(features, labels, alpha=alpha) == pytest.approx(by_pairs(features, labels, alpha), rel=1e-9)


def test_classes_far_apart_have_less_variation_and_more_distance():
    near, labels = blobs(60, 6, apart=0.3)
    far, _ = blobs(60, 6, apart=4.0)
    assert concept_variation(far, labels) > concept_variation(near, labels)
    assert interclass(far, labels) > interclass(near, labels)


def test_the_unit_and_the_origin_of_each_feature_do_not_matter_to_concept_variation():
    features, labels = blobs(40, 5)
    moved = features * [1, 10, 100, 0.1, 3] + [5, 0, -7, 1, 2]
    assert concept_variation(moved, labels) == pytest.approx(concept_variation(features, labels), rel=1e-9)


def test_interclass_is_the_mean_over_pairs_of_classes():
    features, labels = blobs(30, 4)
    labels[:4] = 0  # unequal classes
    means = []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        means.append(np.mean([np.linalg.norm(x - z) for x in features[labels == a] for z in features[labels == b]]))
    assert interclass(features, labels, scale="raw") == pytest.approx(np.mean(means), rel=1e-9)
    every = [((x - z) ** 2).sum() for i, x in enumerate(features) for z in features[:i]]
    assert interclass(features, labels) == pytest.approx(np.mean(means) / np.sqrt(np.mean(every)), rel=1e-9)


def test_interclass_does_not_depend_on_the_unit_unless_it_is_raw():
    features, labels = blobs(40, 5)
    assert interclass(features * 50, labels) == pytest.approx(interclass(features, labels), rel=1e-9)
    raw = interclass(features, labels, scale="raw")
    assert interclass(features * 50, labels, scale="raw") == pytest.approx(50 * raw, rel=1e-9)
    with pytest.raises(CatsError, match="scale is 'none'"):
        interclass(features, labels, scale="none")


@pytest.mark.parametrize("measure", [concept_variation, interclass])
def test_the_spread_of_resamples_is_that_of_fresh_images(measure):
    values, spreads = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = np.arange(90) % 3
        features = rng.standard_normal((90, 8)) + 1.5 * np.eye(3, 8)[labels]
        values.append(measure(features, labels))
        spreads.append(measure.resample({"features": features, "labels": labels}, draws(labels, 40, seed=seed)).std())
    assert 0.7 < np.mean(spreads) / np.std(values) < 1.45


@pytest.mark.parametrize("measure", [concept_variation, interclass])
def test_a_sub_sample_is_drawn_without_regard_to_the_order(measure):
    features, labels = blobs(120, 5)
    moved = np.random.default_rng(1).permutation(120)
    sub = measure.with_options({"most": 50})
    assert sub(features[moved], labels[moved]) == pytest.approx(sub(features, labels), rel=1e-9)
    assert sub(features, labels) != measure(features, labels)
