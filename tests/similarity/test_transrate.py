import numpy as np
import pytest

from similarity.transrate import transrate
from tests.support.drawn import blobs, draws


def dense(features, labels, mean, scale):
    """From D x D determinants."""

    def rate(rows):
        return 0.5 * np.linalg.slogdet(np.eye(rows.shape[1]) + rows.T @ rows / (len(rows) * 1e-4))[1]

    moved = features - features.mean(0)
    if scale == "trace":
        moved = moved / np.sqrt(np.trace(moved.T @ moved))
    classes = np.unique(labels)
    weights = [(labels == c).mean() if mean == "weighted" else 1 / len(classes) for c in classes]
    return rate(moved) - sum(w * rate(moved[labels == c]) for w, c in zip(weights, classes, strict=True))


@pytest.mark.parametrize("scale", ["trace", "raw"])
@pytest.mark.parametrize("mean", ["weighted", "plain"])
@pytest.mark.parametrize(("count", "dims"), [(90, 12), (25, 60), (60, 30)])
def test_it_is_the_difference_of_dense_determinants(count, dims, mean, scale):
    features, labels = blobs(count, dims)
    labels = np.where(labels == 2, np.arange(count) % 2, labels)  # classes of unequal size
    found = transrate(features, labels, mean=mean, scale=scale)
    assert found == pytest.approx(dense(features, labels, mean, scale), rel=1e-9)


def test_scale_is_taken_out_unless_asked_for():
    features, labels = blobs()
    assert transrate(features * 100, labels) == pytest.approx(transrate(features, labels), rel=1e-9)
    assert transrate(features * 0.01, labels, scale="raw") < transrate(features, labels, scale="raw") * 0.9


def test_classes_apart_score_more():
    assert transrate(*blobs(apart=6.0)) > transrate(*blobs(apart=1.0)) > 0


@pytest.mark.parametrize("scale", ["trace", "raw"])
def test_spread_of_resamples_is_that_of_resamples_one_by_one_where_images_are_many(scale):
    features, labels = blobs(2_000, 5, apart=3.0)
    asked, drawn = transrate.with_options({"scale": scale}), draws(labels, 200)
    together = asked.resample({"features": features, "labels": labels}, drawn)
    alone = np.array([asked(features[rows], labels[rows], scale=scale) for rows in drawn.target])
    assert together.std() == pytest.approx(alone.std(), rel=0.1)
    assert np.corrcoef(together, alone)[0, 1] > 0.95


@pytest.mark.parametrize(("count", "dims"), [(600, 20), (60, 200)])
def test_spread_of_resamples_is_that_of_fresh_images(count, dims):
    fresh, told = [], []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        labels = np.arange(count) % 2
        features = rng.standard_normal((count, dims)) * np.arange(1, dims + 1) ** -0.5
        features[:, 0] += 2 * labels
        fresh.append(transrate(features, labels))
        told.append(transrate.resample({"features": features, "labels": labels}, draws(labels, 60, seed=seed)).std())
    assert 0.7 < np.mean(told) / np.std(fresh) < 1.4
