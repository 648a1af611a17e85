import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmark.measures.softmax_ridge import posteriors, softmax_ridge
from tests.support.drawn import blobs


@pytest.mark.parametrize("dims", [16, 300])
def test_the_classifier_is_that_of_scikit_learn(dims):
    features, labels = blobs(dims=dims, apart=1)
    inputs = features - features.mean(axis=0)
    weights, least = softmax_ridge(inputs, np.eye(3)[labels], 2.0, tolerance=1e-7)
    known = LogisticRegression(C=0.5, tol=1e-10, max_iter=10000).fit(inputs, labels)
    np.testing.assert_allclose(np.exp(posteriors(inputs, weights)), known.predict_proba(inputs), atol=1e-5)
    entropies = -np.log(known.predict_proba(inputs)[np.arange(120), labels]).sum()
    assert least == pytest.approx(entropies + (known.coef_**2).sum(), rel=1e-6)


def test_with_two_classes_scikit_learn_counts_the_same_penalty_once():
    features, labels = blobs(classes=2, apart=1)
    inputs = features - features.mean(axis=0)
    weights, _ = softmax_ridge(inputs, np.eye(2)[labels], 2.0, tolerance=1e-7)
    known = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000).fit(inputs, labels)
    np.testing.assert_allclose(np.exp(posteriors(inputs, weights)), known.predict_proba(inputs), atol=1e-5)


def test_an_image_that_counts_twice_is_an_image_that_is_there_twice():
    features, labels = blobs(apart=1)
    twice = np.r_[np.arange(120), np.arange(30)]
    counts = np.bincount(twice)
    once, least = softmax_ridge(features, np.eye(3)[labels] * counts[:, None], 1.0, tolerance=1e-7)
    copied, same = softmax_ridge(features[twice], np.eye(3)[labels[twice]], 1.0, tolerance=1e-7)
    assert least == pytest.approx(same, rel=1e-9)
    np.testing.assert_allclose(once, copied, atol=1e-4)
