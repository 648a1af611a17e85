import numpy as np
import pytest
import scipy.stats
from sklearn.decomposition import PCA

from benchmark.specs.needs import Undefined
from similarity.parc import parc
from tests.support.drawn import blobs, draws


def dense(features, labels):
    """Of two N x N matrices above the diagonal."""
    scaled = (features - features.mean(0)) / features.std(0)
    return spearman(1 - np.corrcoef(scaled), labels, np.triu_indices(len(labels), 1))


def spearman(distances, labels, pairs):
    unlike = np.round(1 - np.corrcoef(np.eye(labels.max() + 1)[labels]), 12)  # else rounding errors rank what is equal
    return scipy.stats.spearmanr(distances[pairs], unlike[pairs]).statistic


@pytest.mark.parametrize(("count", "dims"), [(90, 12), (40, 70)])
def test_it_is_spearmans_correlation_of_dense_matrices(count, dims):
    features, labels = blobs(count, dims, apart=2.0)
    reduced = PCA(10, svd_solver="full").fit_transform(features)
    assert parc(features, labels, dims=10) == pytest.approx(dense(reduced, labels), rel=1e-9)
    assert parc(features, labels, dims=0) == pytest.approx(dense(features, labels), rel=1e-9)


def test_ties_share_their_rank():
    features = np.array([[1.0, 2, 3], [1, 2, 3], [3, 1, 2], [3, 1, 2], [2, 4, 1], [2, 4, 1]])
    labels = np.array([0, 0, 1, 1, 0, 1])
    scaled = (features - features.mean(0)) / features.std(0)
    distances = np.round(1 - np.corrcoef(scaled), 12)
    assert parc(features, labels, dims=0) == pytest.approx(spearman(distances, labels, np.triu_indices(6, 1)), rel=1e-12)


def test_a_sample_of_many_images_scores_as_all_do():
    features, labels = blobs(3_000, 40, apart=2.0)
    assert parc(features, labels, most=1_000) == pytest.approx(parc(features, labels), abs=0.02)
    assert parc(features, labels, most=1_000) == parc(features, labels, most=1_000)
    assert parc(features, labels, most=1_000, seed=1) != parc(features, labels, most=1_000)


def test_one_feature_has_no_correlation_between_images():
    with pytest.raises(Undefined, match="one feature"):
        parc(np.arange(6.0)[:, None], np.arange(6) % 2)


def test_resamples_at_once_are_those_one_by_one_without_pairs_of_an_image_with_itself():
    features, labels = blobs(40, 12, apart=2.0)
    asked, drawn = parc.with_options({"dims": 0}), draws(labels, 5)
    together = asked.resample({"features": features, "labels": labels}, drawn)
    distances = 1 - np.corrcoef((features - features.mean(0)) / features.std(0))
    for found, rows in zip(together, drawn.target, strict=True):
        one, other = np.triu_indices(40, 1)
        kept = rows[one] != rows[other]
        exact = spearman(np.round(distances, 12)[np.ix_(rows, rows)], labels[rows], (one[kept], other[kept]))
        assert found == pytest.approx(exact, rel=1e-9)


def test_the_spread_of_a_sample_is_brought_to_that_of_all_images():
    features, labels = blobs(800, 40, apart=2.0)
    drawn = draws(labels, 100)
    inputs = {"features": features, "labels": labels}
    whole, part = parc.resample(inputs, drawn).std(), parc.with_options({"most": 200}).resample(inputs, drawn).std()
    assert part == pytest.approx(whole, rel=0.3)
