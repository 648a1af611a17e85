import sys

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA

from benchmark.specs.needs import Undefined
from similarity.hscore import hscore
from similarity.hscore_shrunk import hscore_shrunk
from tests.support.drawn import blobs, draws

hscore_shrunk_module = sys.modules["similarity.hscore_shrunk"]


def dense(features, labels, share=0.0):
    """(1-a) tr(Σ⁺B) from D x D matrices."""
    moved = features - features.mean(0)
    total = moved.T @ moved / len(labels)
    between = np.zeros_like(total)
    for c in np.unique(labels):
        mean = moved[labels == c].mean(0)
        between += (labels == c).mean() * np.outer(mean, mean)
    dims = len(total)
    shrunk = (1 - share) * total + share * np.trace(total) / dims * np.eye(dims)
    return np.trace(np.linalg.pinv(shrunk, hermitian=True) @ between) * (1 - share)


def test_h_is_the_trace_of_dense_matrices():
    features, labels = blobs(90, 12, apart=1.0)
    assert hscore(features, labels) == pytest.approx(dense(features, labels), rel=1e-9)


def test_two_gaussians_score_what_they_are_known_to():
    # Σ = 1 + mm', between = mm': the trace is m²/(1 + m²) with m the distance from the middle
    rng = np.random.default_rng(0)
    labels = np.arange(40_000) % 2
    features = rng.standard_normal((40_000, 3)) + np.where(labels, 1.5, -1.5)[:, None] * [1, 0, 0]
    assert hscore(features, labels) == pytest.approx(1.5**2 / (1 + 1.5**2), abs=0.005)


def test_random_features_score_their_share_of_the_dimensions():
    drawn = [np.random.default_rng(s).standard_normal((120, 60)) for s in range(30)]
    scores = [hscore(features, np.arange(120) % 4, dims=0) for features in drawn]
    assert np.mean(scores) == pytest.approx(3 * 60 / 119, abs=0.05)


@pytest.mark.parametrize(("count", "dims"), [(100, 80), (60, 200)])
def test_where_images_are_few_it_is_the_score_of_a_third_as_many_components(count, dims):
    features, labels = blobs(count, dims, apart=2.0)
    components = PCA(count // 3, svd_solver="full").fit_transform(features)
    assert hscore(features, labels) == pytest.approx(dense(components, labels), rel=1e-8)
    assert hscore(features, labels, dims=12) == pytest.approx(dense(components[:, :12], labels), rel=1e-8)
    enough = features[:, : count // 3]
    assert hscore(enough, labels) == hscore(enough, labels, dims=0)


@pytest.mark.parametrize("count", [20, 30, 31])
def test_h_is_undefined_where_every_source_scores_the_same(count):
    with pytest.raises(Undefined, match="saturated"):
        hscore(*blobs(count, 30), dims=0)


def test_a_linear_map_of_the_features_does_not_change_h():
    features, labels = blobs(90, 8)
    turn = np.random.default_rng(1).standard_normal((8, 8))
    assert hscore(features @ turn + 3, labels) == pytest.approx(hscore(features, labels), rel=1e-8)
    assert hscore(np.hstack([features, features[:, :2]]), labels) == pytest.approx(hscore(features, labels), rel=1e-8)


@pytest.mark.parametrize("spread", [1e-3, 1e-6, 1e-9])
def test_h_is_that_of_all_directions_however_little_they_vary(spread):
    """The factor of Cholesky takes the place of eigenvectors only while both keep the same directions."""
    features, labels = blobs(90, 8, apart=1.0)
    thin = features * np.array([1, 1, 1, 1, 1, 1, 1, spread])
    kept = features if spread > 1e-7 else features[:, :7]  # variances are the squares: of 1e-18 nothing is left
    assert hscore(thin, labels) == pytest.approx(hscore(kept, labels), rel=1e-4)
    said = hscore.resample({"features": thin, "labels": labels}, draws(labels, 20))
    assert said == pytest.approx(hscore.resample({"features": kept, "labels": labels}, draws(labels, 20)), rel=1e-3)


@pytest.mark.parametrize(("count", "dims"), [(90, 12), (40, 150), (30, 30)])
def test_the_shrunk_h_is_that_of_the_covariance_of_scikit_learn(count, dims):
    features, labels = blobs(count, dims, apart=2.0)
    features = features * np.arange(1, dims + 1) ** -0.5
    share = ledoit_wolf(features)[1]
    assert hscore_shrunk(features, labels) == pytest.approx(dense(features, labels, share), rel=1e-9)


def test_the_shrunk_h_tells_sources_apart_where_images_are_few():
    near, labels = blobs(60, 300, apart=12.0)
    far, _ = blobs(60, 300, apart=3.0)
    assert hscore_shrunk(near, labels) > hscore_shrunk(far, labels) + 0.1


def test_what_an_image_adds_is_h_with_it_less_h_without():
    features, labels = blobs(60, 8, apart=1.0)
    once = draws(labels, 1)
    once.target[0] = np.arange(60)
    once.target[0, 0] = 3  # image 3 twice, image 0, of the same class, not at all
    found = hscore.resample({"features": features, "labels": labels}, once)[0] - hscore(features, labels)
    without = [hscore(np.delete(features, i, 0), np.delete(labels, i)) for i in (0, 3)]
    assert found == pytest.approx(without[0] - without[1], rel=1e-8)


@pytest.mark.parametrize(("count", "dims"), [(90, 12), (60, 150)])
def test_what_a_weight_changes_in_the_shrinkage_is_its_derivative(count, dims):
    """Of the ridge, from sums with one weight a little larger; the number of images stays as it is."""
    features = blobs(count, dims, apart=1.0)[0]
    moved = features - features.mean(0)
    gram = hscore_shrunk_module._gram(moved)
    moments = hscore_shrunk_module._moments(moved, gram)
    slopes = hscore_shrunk_module._slopes(moments, hscore_shrunk_module._ridge(moments, *moved.shape), moved, gram)[0]

    def ridge(weights):
        centre = features - weights @ features / weights.sum()
        norms, total = (centre**2).sum(1), weights.sum()
        pairs = (centre @ centre.T) ** 2
        square = (weights @ pairs @ weights - (weights**2 - weights) @ np.diag(pairs)) / total**2  # the own pair counts once
        scale = weights @ norms / total / dims
        noise, spread = ((weights @ norms**2) / total - square) / dims / count, square / dims - scale**2
        share = noise / spread
        return share * scale / (1 - share) * count

    found = []
    for i in (0, 5, 11, 20):
        more, less = np.ones(count), np.ones(count)
        more[i], less[i] = 1 + 1e-4, 1 - 1e-4
        found.append((ridge(more) - ridge(less)) / 2e-4)
    assert slopes[[0, 5, 11]] - slopes[20] == pytest.approx(np.array(found[:3]) - found[3], rel=1e-3)


def test_the_interval_of_the_shrunk_h_holds_the_sampling_error_of_the_shrinkage():
    """Of 200 x 512 with little signal nearly all of the spread over fresh images is that of a: .38 of it was shown before."""
    values, halves, labels = [], [], np.arange(200) % 4
    for seed in range(12):
        features = np.random.default_rng(seed).standard_normal((200, 512)) + 3.5 * np.eye(4, 512)[labels]
        said = hscore_shrunk.score({"features": features, "labels": labels}, draws(labels, 50, seed=seed))
        values.append(said.value)
        halves.append((said.high - said.low) / 2 / 1.96)
    assert np.mean(halves) / np.std(values, ddof=1) > 0.6
