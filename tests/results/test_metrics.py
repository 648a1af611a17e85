import numpy as np
import pandas as pd
import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st
from sklearn import metrics

from results.board.board import judged_runs
from results.board.compare import compare
from results.board.request import RunQuery
from results.metrics import IMPORTED, METRICS, TABLE, Metric, auc, metric_of, scores
from results.statistics.influence import parse_predictions
from tests.support.predictions import predictions
from tests.support.runs import board, run

RNG = np.random.default_rng(0)


def guesses(count, classes):
    raw = RNG.random((count, classes))
    return raw / raw.sum(axis=1, keepdims=True)


def test_three_classes_agree_with_scikit_learn():
    labels, given = RNG.integers(0, 3, 200), guesses(200, 3)
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
    labels = RNG.integers(0, 2, (50, 4))
    given = RNG.random((50, 4))
    found = scores("multilabel", labels, given)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(labels, given, average="macro"))
    assert found["accuracy"] == pytest.approx(
        np.mean([metrics.accuracy_score(labels[:, i], given[:, i] >= 0.5) for i in range(4)])
    )
    assert found["f1"] == pytest.approx(metrics.f1_score(labels, given >= 0.5, average="macro"))


def test_ordinal_has_quadratic_kappa():
    labels, given = RNG.integers(0, 5, 100), guesses(100, 5)
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


@pytest.mark.slow
@any_of(st.integers(2, 5), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_every_score_is_scikit_learns(classes, seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(40) % classes)
    given = rng.dirichlet(np.ones(classes), 40)
    guess, truth = given.argmax(1), np.eye(classes, dtype=int)[labels]
    found = scores("ordinal", labels, given)
    ovr = metrics.roc_auc_score(labels, given, multi_class="ovr") if classes > 2 else metrics.roc_auc_score(labels, given[:, 1])
    expected = {
        "auc": ovr,
        "accuracy": metrics.accuracy_score(labels, guess),
        "average_precision": metrics.average_precision_score(truth, given, average="macro"),
        "brier": ((given - truth) ** 2).sum() / 40 / 2,
        "precision": metrics.precision_score(labels, guess, average="macro", zero_division=0),
        "recall": metrics.recall_score(labels, guess, average="macro", zero_division=0),
        "f1": metrics.f1_score(labels, guess, average="macro", zero_division=0),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, guess),
        "kappa": metrics.cohen_kappa_score(labels, guess, weights="quadratic"),
        "ece": found["ece"],  # which scikit-learn does not have; see statistics/test_calibration_error.py
    }
    assert found == pytest.approx(expected)


@pytest.mark.slow
@any_of(st.permutations(range(4)), st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_order_of_classes_and_of_images_does_not_matter(order, seed):
    rng = np.random.default_rng(seed)
    labels, given = rng.permutation(np.arange(40) % 4), rng.dirichlet(np.ones(4), 40)
    moved = np.argsort(order)[labels]
    assert scores("multiclass", moved, given[:, order]) == pytest.approx(scores("multiclass", labels, given))
    shuffled = rng.permutation(40)
    assert scores("multiclass", labels[shuffled], given[shuffled]) == pytest.approx(scores("multiclass", labels, given))


def test_guessing_is_worth_what_guessing_is_worth():
    rng = np.random.default_rng(0)
    labels = np.arange(4000) % 4
    found = scores("ordinal", labels, rng.dirichlet(np.ones(4), 4000))
    assert found["auc"] == pytest.approx(0.5, abs=0.03)
    assert found["kappa"] == pytest.approx(0, abs=0.06)
    assert found["balanced_accuracy"] == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("task", ["binary", "multiclass", "ordinal", "multilabel"])
def test_perfect_and_opposite_predictions_of_every_task(task):
    labels = np.arange(8) % 2
    truth = np.eye(2, dtype=int)[labels]
    given = truth if task == "multilabel" else labels
    perfect, worst = scores(task, given, truth.astype(float)), scores(task, given, 1.0 - truth)
    names = set(perfect) - {"brier", "ece"}
    assert {perfect[n] for n in names} == {1.0}
    assert perfect["brier"] == perfect["ece"] == 0
    assert worst["auc"] == worst["accuracy"] == worst["balanced_accuracy"] == 0
    assert (worst["brier"], worst["ece"]) == (1, pytest.approx(1))
    assert ("kappa" in names) is (task == "ordinal")


def test_far_misses_cost_kappa_more_than_near_ones():
    labels = np.arange(20) % 5
    near, far = np.clip(labels + 1, 0, 4), (labels + 3) % 5
    kappas = [scores("ordinal", labels, np.eye(5)[guess])["kappa"] for guess in (labels, near, far)]
    assert kappas[0] == 1 > kappas[1] > kappas[2]


def test_kappa_by_hand():
    """Three images; weights 0, 1, 4: observed 4, by chance (1·(0+1+4) + 1·(1+0+1) + 1·(4+1+0))/3 of labels × guesses."""
    labels, guess = np.array([0, 1, 2]), np.array([0, 1, 0])
    observed = 4.0
    chance = sum((a - b) ** 2 for a in labels for b in guess) / 3
    assert scores("ordinal", labels, np.eye(3)[guess])["kappa"] == pytest.approx(1 - observed / chance)


def test_kappa_of_one_class_alone_is_not_defined():
    labels = np.ones(3, dtype=int)
    assert np.isnan(scores("ordinal", labels, np.eye(3)[labels])["kappa"])


def test_brier_of_several_labels_is_the_mean_over_images_and_labels():
    labels, given = np.array([[1, 0], [0, 0]]), np.array([[0.8, 0.3], [0.1, 0.0]])
    assert scores("multilabel", labels, given)["brier"] == pytest.approx((0.04 + 0.09 + 0.01) / 4)


def test_a_label_that_never_or_always_occurs_is_left_out_of_the_auc():
    labels = np.column_stack([np.arange(6) % 2, np.zeros(6, int), np.ones(6, int)])
    given = RNG.random((6, 3))
    assert auc(labels, given) == pytest.approx(metrics.roc_auc_score(labels[:, 0], given[:, 0]))


@pytest.mark.parametrize("digits", [1, 3, 16])
def test_the_auc_of_a_class_is_scikit_learns_to_the_last_bit(digits):
    labels, given = RNG.integers(0, 2, 157), np.round(RNG.random(157), digits)  # few digits: many ties
    both = np.column_stack([given, given])
    assert auc(np.column_stack([labels, labels]), both) == metrics.roc_auc_score(labels, given)


def test_a_probability_of_one_half_gives_the_label():
    assert scores("multilabel", np.array([[1, 0], [0, 1]]), np.full((2, 2), 0.5))["recall"] == 1


WITHOUT_INFLUENCE = {"precision", "recall", "f1", "average_precision", "kappa"}  # on purpose: `cats compare` resamples instead


@pytest.mark.slow
def test_every_metric_says_its_bounds_its_direction_and_how_images_move_it():
    assert len(METRICS) == len(TABLE)
    assert {metric.name for metric in TABLE if metric.influence is None} == WITHOUT_INFLUENCE
    for metric in TABLE:
        low, high = metric.bounds
        assert low < high
        assert metric.oriented_bounds == ((low, high) if metric.higher_is_better else (-high, -low))
        for task in metric.tasks:
            labels = np.arange(8) % 2 if task != "multilabel" else np.eye(2, dtype=int)[np.arange(8) % 2]
            right = np.eye(2)[np.arange(8) % 2]
            best, worst = (scores(task, labels, given)[metric.name] for given in (right, 1 - right))
            assert low <= min(best, worst) <= max(best, worst) <= high
            assert metric.sign * best > metric.sign * worst


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
@pytest.mark.parametrize("multilabel", [False, True])
def test_the_metric_of_stored_predictions_is_the_score_of_the_record(metric, multilabel):
    of = parse_predictions(predictions(np.random.default_rng(1), 60, 3, multilabel=multilabel))
    labels = of.truth if multilabel else of.truth.argmax(axis=1)
    expected = scores("multilabel" if multilabel else "ordinal", labels, of.probabilities).get(metric.name, np.nan)
    assert metric.of(of) == pytest.approx(expected, nan_ok=True)
    known = metric.influence_of(of)
    assert (known is None) is (metric.influence is None)


@pytest.mark.parametrize("name", IMPORTED)
def test_losses_of_imported_runs_are_better_when_lower(name):
    best = board(
        [run("one", "a", 0, 0.9, **{f"test_{name}": 0.1}), run("two", "a", 0, 0.9, **{f"test_{name}": 0.7})], metric=name
    )
    assert [row.source for row in best.targets["a"]] == ["one", "two"]
    assert metric_of(name).oriented_bounds == (-np.inf, 0)


def test_one_entry_in_the_table_is_all_that_a_metric_needs(monkeypatch):
    """Its direction turns the board and the verdict, its bounds cut the interval, its function serves the bootstrap."""
    monkeypatch.setitem(
        METRICS, "wrong", Metric("wrong", lambda f: np.mean(f.guess != f.labels), None, (0, 1), higher_is_better=False)
    )
    table = predictions(np.random.default_rng(0), 60, 2, model_seed=1, skill=3.0)
    other = predictions(np.random.default_rng(0), 60, 2, model_seed=2, skill=0.1)
    rows = [run(s, "a", seed, 0.5, run_id=s, test_wrong=v + seed / 50) for s, v in (("x", 0.01), ("y", 0.4)) for seed in (0, 1)]
    rows_of_board = board(rows, metric="wrong").targets["a"]
    assert [row.source for row in rows_of_board] == ["x", "y"]
    assert rows_of_board[0].low == 0
    runs = judged_runs(pd.DataFrame(rows), RunQuery("toy", "wrong"))
    found = compare(runs, "wrong", ("x", "y"), "a", {"x": table, "y": other}.get)
    assert found.method == "60 test images, bootstrap of 200"
    assert "x is better than y" in found.verdict
    assert "wrong" in scores("binary", np.array([0, 1]), np.eye(2))
