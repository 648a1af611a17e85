import numpy as np
import pytest

from similarity.transrate import transrate
from tests.support.drawn import blobs


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
