import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import digamma, gamma

from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.tmi import tmi
from tests.support.drawn import blobs, draws


def published(features, labels, k=3):
    """An image at a time: largest difference, floor of 1, log 2r, 0 for a class of one image, divided by C."""
    total, classes = 0.0, np.unique(labels)
    for c in classes:
        own = features[labels == c]
        if len(own) == 1:
            continue
        logs = []
        for i, x in enumerate(own):
            far = np.sort([np.abs(x - z).max() for j, z in enumerate(own) if j != i])
            logs.append(np.log(2 * max(far[k - 1], 1.0)))
        total += len(own) / len(labels) * (digamma(len(own)) - digamma(k) + features.shape[1] * np.mean(logs))
    return total / len(classes)


@pytest.mark.parametrize(("dims", "k"), [(3, 1), (16, 3), (60, 5)])
def test_the_published_form_written_out(dims, k):
    features, labels = blobs(count=60, dims=dims)
    features = features * np.linspace(0.3, 1.2, 60)[:, None]  # some distances below 1
    labels = np.where(labels == 2, np.arange(60) % 2, labels)  # classes of unequal size
    labels[7] = 2
    assert tmi(features, labels, k=k) == pytest.approx(published(features, labels, k), rel=1e-10)


def test_gaussian_classes_have_their_entropy_in_closed_form():
    labels = np.repeat([0, 1], [1000, 3000])
    features = np.random.default_rng(0).standard_normal((4000, 2)) * np.array([1.0, 5.0])[labels, None]
    entropies = np.log(2 * np.pi * np.e * np.array([1.0, 25.0]))
    assert tmi(features, labels, form="entropy", most=4000) == pytest.approx(entropies @ [0.25, 0.75], abs=0.05)


@pytest.mark.parametrize(("dims", "k"), [(3, 1), (3, 5), (60, 3)])
def test_the_entropy_written_out(dims, k):
    features, labels = blobs(count=60, dims=dims)
    total = 0.0
    for label in range(3):
        own = features[labels == label]
        radius = np.sort(cdist(own, own), axis=1)[:, k]
        ball = np.pi ** (dims / 2) / gamma(dims / 2 + 1)
        total += (digamma(20) - digamma(k) + np.log(ball) + dims * np.log(radius).mean()) / 3
    assert tmi(features, labels, k=k, form="entropy") == pytest.approx(total, rel=1e-10)


def test_features_times_a_add_log_a_for_each_dimension():
    features, labels = blobs(dims=16)
    assert tmi(3 * features + 7, labels, form="entropy") == pytest.approx(
        tmi(features, labels, form="entropy") + 16 * np.log(3), rel=1e-9
    )


def test_where_there_is_no_distance_it_says_nothing():
    features, labels = blobs(count=30)
    with pytest.raises(Undefined, match="a class has 10 images, 10 neighbours need 11"):
        tmi(features, labels, k=10)
    with pytest.raises(Undefined, match="k is 0; it must be 1 or more"):
        tmi(features, labels, k=0)
    with pytest.raises(Undefined, match="all distances are below 1, the floor"):
        tmi(features * 1e-3, labels)
    copied, twice = np.vstack([features] * 4), np.tile(labels, 4)
    with pytest.raises(Undefined, match="4 images of a class have the same features"):
        tmi(copied, twice, form="entropy")
    with pytest.raises(CatsError, match="form is 'max'; it must be 'published' or 'entropy'"):
        tmi(features, labels, form="max")


def test_of_many_images_a_sample_is_taken_in_whatever_order_they_come():
    features, labels = blobs(count=600, dims=8)
    sampled = tmi.with_options({"most": 200})
    moved = np.random.default_rng(0).permutation(600)
    assert sampled(features[moved], labels[moved]) == pytest.approx(sampled(features, labels), rel=1e-12)
    said = sampled.score({"features": features, "labels": labels}, draws(labels, 50))
    whole = tmi.score({"features": features, "labels": labels}, draws(labels, 50))
    # of a third of the images: wider by √3
    assert (said.high - said.low) / (whole.high - whole.low) == pytest.approx(np.sqrt(3), rel=0.35)


def test_a_subset_scores_as_if_there_were_no_other_images():
    features, labels = blobs(count=90, dims=5)
    rows = np.sort(np.random.default_rng(0).choice(90, 70, replace=False))
    from similarity.tmi import _Neighbours

    near = _Neighbours(features, labels, "published", 3, 2000, 0)
    assert near.score(rows) == pytest.approx(tmi(features[rows], labels[rows]), rel=1e-12)
