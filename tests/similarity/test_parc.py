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


def test_pairs_drawn_from_many_images_score_as_all_do():
    features, labels = blobs(1_500, 40, apart=2.0)
    assert parc(features, labels, most=500) == pytest.approx(parc(features, labels), abs=0.01)
    assert parc(features, labels, most=500) == parc(features, labels, most=500)
    assert parc(features, labels, most=500, seed=1) != parc(features, labels, most=500)
    turned = np.random.default_rng(0).permutation(len(labels))
    assert parc(features[turned], labels[turned], most=500) == pytest.approx(parc(features, labels, most=500), rel=1e-9)


def test_one_feature_has_no_correlation_between_images():
    with pytest.raises(Undefined, match="one feature"):
        parc(np.arange(6.0)[:, None], np.arange(6) % 2)


@pytest.mark.parametrize("of_class", [True, False])
def test_effects_are_what_leaving_an_image_out_changes(of_class):
    features, labels = blobs(84, 12, apart=2.0)
    rare = (labels == 2) & (np.arange(84) > 40)  # classes of 28, 28 and 14 images
    features, labels = features[~rare], labels[~rare]
    count = len(labels)
    others = [np.delete(np.arange(count), image) for image in range(count)]
    left = np.array([dense(features[rest], labels[rest]) for rest in others])  # with their own means and scales
    drawn, exact, rng = draws(labels, 60), [], np.random.default_rng(0)
    drawn.target[:] = np.arange(count)
    for rows in drawn.target:  # one image twice, another one not at all
        out = rng.integers(count)
        rows[out] = rng.choice(np.flatnonzero((labels == labels[out]) == of_class))
        exact.append(left[out] - left[rows[out]])
    found = parc.with_options({"dims": 0}).resample({"features": features, "labels": labels}, drawn)
    assert found.mean() == pytest.approx(parc(features, labels, dims=0), abs=0.01)
    assert np.corrcoef(found, exact)[0, 1] > 0.99
    assert found.std() == pytest.approx(np.std(exact), rel=0.15)


def test_the_spread_holds_the_randomness_of_drawn_pairs():
    features, labels = blobs(600, 40, apart=1.0)
    drawn, inputs = draws(labels, 100), {"features": features, "labels": labels}
    few = parc.with_options({"most": 60})
    whole, part = parc.resample(inputs, drawn).std(), few.resample(inputs, drawn).std()
    by_seed = np.std([parc(features, labels, most=60, seed=seed) for seed in range(40)])
    assert by_seed > whole
    assert part == pytest.approx(np.hypot(whole, by_seed), rel=0.25)
