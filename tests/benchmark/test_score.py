import numpy as np
import pytest
from sklearn import metrics

from benchmark.score import auc, scores

LUCK = np.random.default_rng(0)


def guesses(count, classes):
    raw = LUCK.random((count, classes))
    return raw / raw.sum(axis=1, keepdims=True)


def test_three_classes_agree_with_scikit_learn():
    labels, given = LUCK.integers(0, 3, 200), guesses(200, 3)
    found = scores("multiclass", labels, given)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(labels, given, multi_class="ovr"))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(labels, given, labels=[0, 1, 2], scale_by_half=True))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(labels, given.argmax(1)))
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(labels, given.argmax(1)))
    assert "kappa" not in found


def test_two_classes_by_hand():
    labels = np.array([0, 0, 1, 1])
    positive = np.array([0.1, 0.6, 0.4, 0.9])
    found = scores("binary", labels, np.stack([1 - positive, positive], 1))
    assert found["auc"] == pytest.approx(0.75)
    assert found["accuracy"] == 0.5
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(labels, positive))


def test_several_labels_are_means_over_labels():
    labels = LUCK.integers(0, 2, (50, 4))
    given = LUCK.random((50, 4))
    found = scores("multilabel", labels, given)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(labels, given, average="macro"))
    assert found["accuracy"] == pytest.approx(
        np.mean([metrics.accuracy_score(labels[:, i], given[:, i] >= 0.5) for i in range(4)])
    )
    assert found["f1"] == pytest.approx(metrics.f1_score(labels, given >= 0.5, average="macro"))


def test_ordinal_has_quadratic_kappa():
    labels, given = LUCK.integers(0, 5, 100), guesses(100, 5)
    expected = metrics.cohen_kappa_score(labels, given.argmax(1), weights="quadratic")
    assert scores("ordinal", labels, given)["kappa"] == pytest.approx(expected)


def test_perfect_predictions():
    labels = np.arange(9) % 3
    found = scores("multiclass", labels, np.eye(3)[labels])
    assert [found[n] for n in ("auc", "accuracy", "f1", "average_precision", "brier")] == [1, 1, 1, 1, 0]


def test_a_class_that_never_occurs_is_left_out_of_the_auc():
    labels, given = np.array([0, 0, 1, 1]), guesses(4, 3)
    expected = np.mean([metrics.roc_auc_score(labels == c, given[:, c]) for c in (0, 1)])
    assert auc(labels, given) == pytest.approx(expected)


def test_one_class_alone_or_a_probability_that_is_no_number_has_no_auc():
    assert np.isnan(auc(np.zeros(4, dtype=int), guesses(4, 2)))
    assert np.isnan(auc(np.array([0, 1]), np.array([[np.nan, 0.1], [0.5, 0.5]])))
