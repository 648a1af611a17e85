import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmark.measures.cross_validation import stratified_folds
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.logistic import STRENGTHS, logistic
from tests.support.drawn import blobs


def by_scikit_learn(features, labels, fold, strengths):
    """log p(y|x) of each image held out with its fold; `strengths` one for each fold."""
    inputs = features - features.mean(axis=0)
    inputs /= np.sqrt((inputs**2).sum() / len(inputs))
    found = np.empty(len(labels))
    for one, strength in enumerate(strengths):
        known = LogisticRegression(C=strength, tol=1e-8, max_iter=10000).fit(inputs[fold != one], labels[fold != one])
        found[fold == one] = known.predict_log_proba(inputs[fold == one])[np.arange((fold == one).sum()), labels[fold == one]]
    return found


@pytest.mark.parametrize("dims", [16, 300])
def test_it_is_the_classifier_of_scikit_learn_on_the_same_folds(dims):
    features, labels = blobs(dims=dims, apart=1)
    fold = stratified_folds(features, labels, number=5, seed=0)
    expected = by_scikit_learn(features, labels, fold, [100.0] * 5)
    assert logistic(features, labels, strength=100, result="likelihood") == pytest.approx(expected.mean(), abs=2e-3)


@pytest.mark.parametrize("apart", [0.5, 4])
def test_the_strength_is_chosen_by_folds_that_the_result_does_not_come_from(apart):
    features, labels = blobs(dims=40, apart=apart)
    fold = stratified_folds(features, labels, number=5, seed=0)
    chosen = []
    for one in range(5):
        rest = np.flatnonzero(fold != one)
        tried = []
        for strength in STRENGTHS:
            total = 0.0
            for other in {(one - 1) % 5, (one + 1) % 5}:
                known = rest[fold[rest] != other]
                mean, size = features.mean(axis=0), np.sqrt(features.var(axis=0).sum())
                fitted = LogisticRegression(C=strength, tol=1e-8, max_iter=10000).fit(
                    (features[known] - mean) / size, labels[known]
                )
                asked = rest[fold[rest] == other]
                logs = fitted.predict_log_proba((features[asked] - mean) / size)
                total += logs[np.arange(len(asked)), labels[asked]].sum()
            tried.append(total)
        chosen.append(STRENGTHS[int(np.argmax(tried))])
    assert chosen == [1.0 if apart < 1 else 100.0] * 5
    expected = by_scikit_learn(features, labels, fold, chosen)
    assert logistic(features, labels, result="likelihood") == pytest.approx(expected.mean(), abs=2e-3)


def test_random_features_of_many_dimensions_score_chance():
    features, labels = blobs(count=300, dims=600, apart=0)
    assert logistic(features, labels) == pytest.approx(1 / 3, abs=0.1)


def test_the_unit_of_the_features_does_not_matter():
    features, labels = blobs(apart=1)
    assert logistic(features * 1e3 + 5, labels) == pytest.approx(logistic(features, labels), abs=1e-9)


def test_a_class_of_one_image_counts_as_wrong():
    features, labels = blobs(apart=20)
    labels = labels.copy()
    labels[7], features[7] = 3, -10 * features[7]  # far from all others, or it would draw some of them
    assert logistic(features, labels) == pytest.approx(119 / 120)
    assert logistic(features, labels, result="likelihood") < np.log(1e-4) / 120


def test_what_it_cannot_do_is_said():
    features, labels = blobs()
    with pytest.raises(CatsError, match="no result 'auc'; it has accuracy and likelihood"):
        logistic(features, labels, result="auc")
    with pytest.raises(Undefined, match="folds is 2; a strength is chosen with 3 folds or more"):
        logistic(features, labels, folds=2)
    with pytest.raises(Undefined, match="strength is -1; it must be 0 or more"):
        logistic(features, labels, strength=-1)
    assert logistic(features, labels, folds=2, strength=100) > 0.5
