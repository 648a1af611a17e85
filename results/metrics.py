"""Scores of predictions, by scikit-learn. NaN where a score is not defined."""

import warnings
from collections.abc import Callable

import numpy as np
from sklearn import metrics

from results.record import Task

METRICS = ("auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "average_precision", "brier", "kappa")

LOWER_IS_BETTER = {"brier", "loss", "log_loss", "error", "ece", "mae", "mse", "rmse"}  # ours, and what others call theirs


def auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the ROC curve, one class against the rest, mean over the classes that have both sides.

    labels: (N,) int or (N, C) of 0 and 1; probabilities: (N, C).
    """
    return _mean_over_classes(one_hot(labels, probabilities.shape[1]), probabilities, _area)


def scores(task: Task, labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """All scores of the test images.

    labels: (N,) int, multi-label (N, C); probabilities: (N, C). Precision, recall, F1, average precision: macro, that is
    the plain mean over classes. Multi-label: a label counts as given from a probability of one half on; accuracies are
    means over labels, as MedMNIST defines them. Brier: mean squared distance to the one-hot label, halved (scikit-learn's
    for two classes); multi-label: mean over labels. Kappa: quadratic weights, ordinal tasks only.
    """
    classes = probabilities.shape[1]
    truth = one_hot(labels, classes)
    multilabel = task == "multilabel"
    guess = (probabilities >= 0.5).astype(np.int64) if multilabel else probabilities.argmax(axis=1)
    # All three at one go: to look at labels and guesses takes scikit-learn longer than to count them.
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(labels, guess, average="macro", zero_division=0)
    found = {"auc": auc(labels, probabilities), "accuracy": float((guess == labels).mean())}
    if multilabel:
        found["balanced_accuracy"] = _mean_over_classes(truth, guess, metrics.balanced_accuracy_score)
        found["brier"] = float(((probabilities - truth) ** 2).mean())
    else:
        found["balanced_accuracy"] = float(recall)
        found["brier"] = float(((probabilities - truth) ** 2).sum(axis=1).mean() / 2)
    found |= {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    found["average_precision"] = _mean_over_classes(truth, probabilities, metrics.average_precision_score)
    if task == "ordinal":
        several = len(np.union1d(labels, guess)) > 1  # of one class alone there is no agreement beyond chance
        found["kappa"] = float(metrics.cohen_kappa_score(labels, guess, weights="quadratic")) if several else float("nan")
    return found


def _area(truth: np.ndarray, given: np.ndarray) -> float:
    """metrics.roc_auc_score, to the last bit, in half its time: the labels are looked at once."""
    wrong, right, _ = metrics.roc_curve(truth, given)
    return float(metrics.auc(wrong, right))


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """(N,) int → (N, C) of 0 and 1; what has two dimensions already is given back."""
    return labels if labels.ndim == 2 else (labels[:, None] == np.arange(classes)).astype(np.int64)


def _mean_over_classes(truth: np.ndarray, given: np.ndarray, score: Callable[[np.ndarray, np.ndarray], float]) -> float:
    defined = [c for c in range(truth.shape[1]) if 0 < truth[:, c].sum() < len(truth)]
    if not defined or not np.isfinite(given).all():
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined classes have been left out above
        return float(np.mean([score(truth[:, c], given[:, c]) for c in defined]))
