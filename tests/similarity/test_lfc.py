import numpy as np
import pytest

from benchmark.specs.needs import Undefined
from similarity.lfc import lfc
from tests.support.drawn import blobs, draws


def dense(features, labels, weights=None):
    """Correlation of all entries; an image that counts w times is there w times with each other image and with itself."""
    weights = np.ones(len(labels)) if weights is None else weights
    pairs = np.outer(weights, weights)
    np.fill_diagonal(pairs, weights)
    kernel = np.where(labels[:, None] == labels, 1, -1)
    covariance = np.cov((features @ features.T).ravel(), kernel.ravel(), aweights=pairs.ravel())
    return covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])


@pytest.mark.parametrize(("count", "dims"), [(60, 8), (30, 70)])
def test_it_is_the_correlation_of_dense_matrices(count, dims):
    features, labels = blobs(count, dims)
    features = features + 0.5
    assert lfc(features, labels) == pytest.approx(dense(features, labels), rel=1e-9)
    assert lfc(features, labels, centre=True) == pytest.approx(dense(features - features.mean(0), labels), rel=1e-9)


def test_features_that_are_the_classes_score_one():
    labels = np.arange(12) % 3
    assert lfc(np.eye(3)[labels], labels) == pytest.approx(1, abs=1e-12)


def test_equal_inner_products_correlate_with_nothing():
    with pytest.raises(Undefined, match="inner products"):
        lfc(np.array([[1.0, 0], [1, 1e-300], [1, 0]]), [0, 1, 1])


def test_resamples_are_the_dense_ones_to_first_order():
    features, labels = blobs(240, 5, apart=1.0)
    drawn = draws(labels, 100)
    together = lfc.resample({"features": features, "labels": labels}, drawn)
    alone = np.array([dense(features, labels, np.bincount(rows, minlength=240)) for rows in drawn.target])
    assert together.std() == pytest.approx(alone.std(), rel=0.1)
    assert np.corrcoef(together, alone)[0, 1] > 0.97
