import numpy as np
import pytest
from sklearn.decomposition import PCA

from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.lda_regularised import lda_regularised
from similarity.sfda import sfda
from tests.support.drawn import blobs

CASES = {"many": (60, 8, 0.5), "few": (30, 50, 0.08)}


def case(which):
    count, dims, size = CASES[which]
    features, labels = blobs(count, dims, apart=2.0)
    features = features * size
    features[:, 0] *= 4  # one large direction
    return features, np.where((labels == 2) & (np.arange(count) % 4 == 0), 1, labels)  # classes of unequal size


def dense(features, labels, shrinkage=None):
    """p(c|x) with a D x D inverse, and the shrinkage."""
    classes = np.unique(labels)
    within = sum((labels == c).mean() * np.cov(features[labels == c].T, bias=True) for c in classes)
    if shrinkage is None:
        shrinkage = max(np.exp(-5 * np.linalg.eigvalsh(within)[-1]), 1e-10)
    dims = len(within)
    inverse = np.linalg.inv((1 - shrinkage) * within + shrinkage * np.trace(within) / dims * np.eye(dims))
    means = np.array([features[labels == c].mean(0) for c in classes])
    far = features[:, None] - means  # log of the Gaussian density and of the share of each class
    scores = -0.5 * np.einsum("ncd,de,nce->nc", far, inverse, far) + np.log([(labels == c).mean() for c in classes])
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True), shrinkage


def mixed(features, labels, chances):
    means = np.array([features[labels == c].mean(0) for c in np.unique(labels)])
    moved = features.copy()
    for i, c in enumerate(labels):
        moved[i] = chances[i, c] * features[i] + (1 - chances[i, c]) * np.delete(means, c, 0).mean(0)
    return moved


@pytest.mark.parametrize("which", CASES)
def test_both_are_the_plain_formula_with_dense_matrices(which):
    features, labels = case(which)
    every = np.arange(len(labels))
    first, shrinkage = dense(features, labels)
    assert lda_regularised(features, labels, dims=0) == pytest.approx(first[every, labels].mean(), rel=1e-8)
    assert lda_regularised(features, labels, dims=0, log=True) == pytest.approx(np.log(first[every, labels]).mean(), rel=1e-8)
    second, _ = dense(mixed(features, labels, first), labels, shrinkage)
    assert sfda(features, labels, dims=0, soften=False) == pytest.approx(second[every, labels].mean(), rel=1e-8)
    soft = np.exp(first) / np.exp(first).sum(1, keepdims=True)
    second, _ = dense(mixed(features, labels, soft), labels, shrinkage)
    assert sfda(features, labels, dims=0) == pytest.approx(second[every, labels].mean(), rel=1e-8)


def test_values_of_the_authors_code():
    # TencentARC/SFDA at 3b7edf76bd682acb1eba4f4c5eb7ea7f3f7f6c59, metrics.py: predict_proba, SFDA_Score
    features, labels = blobs(60, 8, apart=2.0)
    features = features * 0.5
    features[:, 0] *= 4
    assert lda_regularised(features, labels) == pytest.approx(0.8988924358036388, rel=1e-10)
    assert sfda(features, labels, soften=True) == pytest.approx(0.6657517573000721, rel=1e-10)


def test_large_features_of_few_images_are_saturated_unless_their_scale_is_taken_out():
    features, labels = blobs(30, 80, apart=2.0)
    for which in (lda_regularised, sfda):
        with pytest.raises(Undefined, match="saturated: 30 images of 80 features"):
            which(features * 100, labels, dims=0)
        unit = which(features, labels, scale="unit", dims=0)
        assert which(features * 100, labels, scale="unit", dims=0) == pytest.approx(unit, rel=1e-9)


@pytest.mark.parametrize("which", [lda_regularised, sfda])
def test_with_500_images_of_1280_features_it_says_something(which):
    """On principal components, 64 of them, as on those of scikit-learn."""
    features, labels = blobs(500, 1280, classes=2, apart=1.0)
    features = 30 * features * np.arange(1, 1281) ** -0.5
    with pytest.raises(Undefined, match="saturated"):
        which(features, labels, dims=0)
    components = PCA(64, svd_solver="full").fit_transform(features)
    found = which(features, labels)
    assert found == pytest.approx(which(components, labels, dims=0), rel=1e-7)
    assert 0.5 < found < 0.99


@pytest.mark.parametrize("which", [lda_regularised, sfda])
def test_of_few_images_there_are_a_third_as_many_components(which):
    features, labels = blobs(60, 200, apart=2.0)
    components = PCA(20, svd_solver="full").fit_transform(features)
    assert which(features, labels) == pytest.approx(which(components, labels, dims=0), rel=1e-7)


def test_an_unknown_scale_is_named():
    with pytest.raises(CatsError, match="'log'; it must be 'raw' or 'unit'"):
        sfda(*blobs(), scale="log")


def test_classes_apart_score_more():
    for which in (lda_regularised, sfda):
        assert which(*blobs(apart=6.0)) > which(*blobs(apart=1.0)) + 0.1
