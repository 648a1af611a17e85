"""Influences against scikit-learn's metrics with weights, and against variances counted pair by pair."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from results.metrics import METRICS, metric_of
from results.statistics.influence import Predictions, parse_predictions, patient_shares, shares_of_target
from tests.support.predictions import predictions

CLASSES = 3


def influence(metric, of):
    return metric_of(metric).influence_of(of)


def made(seed=0, count=60, classes=CLASSES, multilabel=False, groups=None):
    return parse_predictions(predictions(np.random.default_rng(seed), count, classes, multilabel=multilabel, groups=groups))


def weighted(metric, of, weights):
    """By scikit-learn."""
    guess, labels = of.probabilities.argmax(axis=1), of.truth.argmax(axis=1)
    if metric == "auc":
        return np.mean(
            [metrics.roc_auc_score(of.truth[:, c], of.probabilities[:, c], sample_weight=weights) for c in range(CLASSES)]
        )
    if metric == "balanced_accuracy":
        return metrics.recall_score(labels, guess, average="macro", sample_weight=weights)
    if metric == "accuracy":
        return metrics.accuracy_score(labels, guess, sample_weight=weights)
    return np.average(((of.probabilities - of.truth) ** 2).sum(axis=1) / 2, weights=weights)


@pytest.mark.parametrize("metric", ["auc", "accuracy", "balanced_accuracy", "brier"])
def test_a_small_change_of_weights_moves_the_metric_as_the_influence_says(metric):
    of = made(count=3000)
    change = np.random.default_rng(1).normal(size=3000) * 1e-4
    moved = weighted(metric, of, 1 + change) - weighted(metric, of, np.ones(3000))
    assert change @ influence(metric, of) / 3000 == pytest.approx(moved, rel=3e-3)


def test_auc_of_two_classes_has_delongs_variance_counted_pair_by_pair():
    of = made(seed=3, count=25, classes=2)
    positive, negative = (of.probabilities[of.truth[:, 1] == side, 1] for side in (1, 0))
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    expected = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    assert (influence("auc", of) ** 2).sum() / 25**2 == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_variance_of_an_auc_is_that_of_many_new_test_sets():
    rng = np.random.default_rng(0)
    aucs, variances = [], []
    for number in range(600):
        labels = rng.random(200) < 0.4
        scores = rng.normal(labels * 1.2)
        of = Predictions(np.arange(200), None, np.c_[~labels, labels].astype(int), np.c_[-scores, scores], multilabel=False)
        aucs.append(metrics.roc_auc_score(labels, scores))
        if number % 6 == 0:  # these variances differ little from each other
            variances.append((influence("auc", of) ** 2).sum() / 200**2)
    assert np.mean(variances) == pytest.approx(np.var(aucs), rel=0.15)


def test_accuracy_has_the_unbiased_variance_of_a_mean():
    of = made(count=40)
    right = of.probabilities.argmax(axis=1) == of.truth.argmax(axis=1)
    assert (influence("accuracy", of) ** 2).sum() / 40**2 == pytest.approx(right.var(ddof=1) / 40)


@pytest.mark.parametrize("metric", ["auc", "accuracy", "balanced_accuracy", "brier"])
def test_several_labels_per_image_are_means_over_labels(metric):
    of = made(multilabel=True)
    columns = [
        Predictions(of.samples, None, of.truth[:, [c]], of.probabilities[:, [c]], multilabel=True) for c in range(CLASSES)
    ]
    np.testing.assert_allclose(influence(metric, of), np.mean([influence(metric, c) for c in columns], axis=0), atol=1e-12)


def test_a_class_that_is_guessed_and_not_there_counts_as_scikit_learn_counts_it():
    truth = np.eye(3, dtype=int)[[0, 0, 0, 1, 1, 1]]
    given = np.eye(3)[[0, 0, 1, 1, 2, 2]]
    found = influence("balanced_accuracy", Predictions(np.arange(6), None, truth, given, multilabel=False))
    right = np.array([1, 1, 0]), np.array([1, 0, 0])
    expected = np.concatenate([(v - v.mean()) * 6 / 3 * np.sqrt(3 / 2) / 3 for v in right])
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("metric", ["f1", "kappa", "average_precision"])
def test_what_is_not_known_is_none(metric):
    assert influence(metric, made()) is None


def test_an_undefined_auc_is_none():
    of = made()
    assert (
        influence("auc", Predictions(of.samples, None, np.eye(3, dtype=int)[np.zeros(60, int)], of.probabilities, False))
        is None
    )


def test_patients_are_summed_and_their_variance_is_that_of_a_sum_of_clusters():
    influences = np.array([[1.0], [2.0], [-3.0], [0.5], [-0.5]])
    shares = patient_shares(influences, np.array(["x", "x", "y", "z", "z"]))
    np.testing.assert_allclose(shares[:, 0], np.array([3, -3, 0]) / 5 * np.sqrt(3 / 2))
    np.testing.assert_allclose(patient_shares(influences, None), influences / 5)


def test_pictures_of_a_patient_that_all_say_the_same_count_as_one():
    table = predictions(np.random.default_rng(0), 40, 2)
    twice = pd.concat([table.assign(group=table["sample"]), table.assign(group=table["sample"], sample=table["sample"] + "b")])
    alone, doubled = parse_predictions(table), parse_predictions(twice)
    one, two = (patient_shares(influence("accuracy", of)[:, None], of.groups) for of in (alone, doubled))
    assert (two**2).sum() == pytest.approx((one**2).sum(), rel=0.02)
    assert (patient_shares(influence("accuracy", doubled)[:, None], None) ** 2).sum() < 0.6 * (one**2).sum()


def test_images_without_patient_stand_alone():
    table = predictions(np.random.default_rng(0), 10, 2)
    assert parse_predictions(table.assign(group="")).groups is None
    assert parse_predictions(table.assign(group=None)).groups is None
    some = parse_predictions(table.assign(group=["x", "x", *[""] * 8])).groups
    assert len(np.unique(some)) == 9


def tables():
    return {name: predictions(np.random.default_rng(0), 30, 2, model_seed=i) for i, name in enumerate(("r0", "r1", "r2"))}


RUNS = {"one": ["r0", "r1"], "two": ["r2"]}


def test_the_images_of_a_target_are_means_over_the_seeds_of_each_source():
    known = tables()
    found, why = shares_of_target("auc", METRICS["auc"].influence_of, RUNS, known.get)
    each = {name: influence("auc", parse_predictions(table)) for name, table in known.items()}
    np.testing.assert_allclose(found, np.c_[(each["r0"] + each["r1"]) / 2, each["r2"]] / 30)
    assert why is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: None, "not every run has predictions"),
        (lambda t: t[::-1], "the runs do not share their test images"),
        (lambda t: t.assign(label=1 - t["label"]), "the runs do not share their test images"),
        (lambda t: t.assign(probability_1=np.nan), "the influence of each image on auc is not known"),
    ],
)
def test_why_test_images_are_left_out_is_said(change, why):
    known = tables()
    assert shares_of_target(
        "auc", METRICS["auc"].influence_of, RUNS, lambda name: change(known[name]) if name == "r2" else known[name]
    ) == (None, why)


def test_test_images_of_one_patient_say_nothing():
    known = {name: table.assign(group="x") for name, table in tables().items()}
    assert shares_of_target("auc", METRICS["auc"].influence_of, RUNS, known.get) == (None, "they are all of one patient")
