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


def test_effects_are_what_leaving_an_image_out_changes():
    features, labels = blobs(60, 12, apart=2.0)
    distances = np.round(1 - np.corrcoef((features - features.mean(0)) / features.std(0)), 12)
    left = np.empty(60)
    for image in range(60):
        rest = np.delete(np.arange(60), image)
        left[image] = spearman(distances[np.ix_(rest, rest)], labels[rest], np.triu_indices(59, 1))
    drawn = draws(labels, 40)
    drawn.target[:] = np.arange(60)
    exact = []
    for number in range(40):  # one image twice, another one of its class not at all
        out, twice = number, number + 3 if number % 2 else (number + 9) % 60
        drawn.target[number, out] = twice
        exact.append(left[out] - left[twice])
    found = parc.with_options({"dims": 0}).resample({"features": features, "labels": labels}, drawn)
    assert found.mean() == pytest.approx(parc(features, labels, dims=0), abs=0.01)
    assert np.corrcoef(found, exact)[0, 1] > 0.99


def test_the_spread_holds_the_luck_of_drawn_pairs():
    features, labels = blobs(600, 40, apart=1.0)
    drawn, inputs = draws(labels, 100), {"features": features, "labels": labels}
    few = parc.with_options({"most": 60})
    whole, part = parc.resample(inputs, drawn).std(), few.resample(inputs, drawn).std()
    luck = np.std([parc(features, labels, most=60, seed=seed) for seed in range(40)])
    assert luck > whole
    assert part == pytest.approx(np.hypot(whole, luck), rel=0.25)
