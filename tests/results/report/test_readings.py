"""Tables of what curves show: figures by hand, and every drawing of a classifier has one."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from results.evaluation.decision_curve import decision_curve
from results.report.class_curves import steps_of
from results.report.readings import RATES, RECALLS, Curves, decision_table, recall_table, roc_table
from results.statistics.influence import Predictions
from tests.support.clinicians import made

# Three images of the class, with probabilities 0.9, 0.6 and 0.4, and three others with 0.8, 0.3 and 0.2.
ROC = (np.array([0, 0, 1 / 3, 1 / 3, 1]), np.array([0, 1 / 3, 1 / 3, 1, 1]))
RECALL = (np.array([1, 1, 1, 2 / 3, 1 / 3, 1 / 3, 0]), np.array([3 / 6, 3 / 5, 3 / 4, 2 / 3, 1 / 2, 1, 1]))


def test_curves_are_read_as_by_hand():
    curve = Curves("c", 0.5, *ROC, *RECALL)
    assert [round(curve.sensitivity(rate), 3) for rate in RATES] == [0.333] * 4 + [0.333, 1.0]
    assert [round(curve.precision(recall), 3) for recall in RECALLS] == [1.0, 1.0, 0.667, 0.75, 0.75, 0.75]
    assert round(curve.area, 3) == 0.778
    assert list(roc_table([curve], "a", "x").rows[0]) == ["c", "0.778", "0.333", "0.333", "0.333", "0.333", "0.333", "1.000"]
    assert list(recall_table([curve], "a", "x").rows[0][:3]) == ["c", "50%", "1.000"]


def test_net_benefit_is_read_at_its_thresholds():
    truth = np.array([[1, 0], [0, 1]])
    curve = decision_curve(
        Predictions(np.array(["a", "b"]), None, truth, np.array([[0.9, 0.1], [0.2, 0.8]]), multilabel=False), 1, "yes"
    )
    rows = {row[0]: row[1:] for row in decision_table(curve, "a", "x").rows}
    assert rows["0.50"] == ["0.500", "0.000", "0"]  # acts on the right half; acting on all: 0.5 - 0.5 · 1
    assert rows["0.90"][0] == "0.000"


def test_every_drawing_of_a_classifier_has_a_table_of_its_figures():
    (part,) = made()[0].parts
    tables = {table.name.rpartition("-")[2]: table for table in part.tables}
    figures = {"reliability": "bins", "roc": "roc", "recall": "recall", "decision": "benefit", "confusion": "errors"}
    assert {chart.name.rpartition("-")[2] for chart in part.charts} == set(figures)
    assert [name for name in figures.values() if not tables[name].rows] == []
    assert [row[0] for row in tables["roc"].rows] == ["c1"]  # of two classes the one that is drawn


def test_precision_recall_is_drawn_in_steps_from_the_highest_threshold_that_finds_something():
    """The most probable image is of another class: scikit-learn's curve goes from a precision of 1 to 0 at a recall of 0."""
    truth, given = np.array([0, 1, 0, 1, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.2])
    precise, found, _ = precision_recall_curve(truth, given)
    assert (found[-2:].tolist(), precise[-2:].tolist()) == ([0, 0], [0, 1])
    recall, precision = steps_of(Curves("c", 0.5, *ROC, found, precise))
    assert (recall[-2:].round(3).tolist(), precision[-2:].tolist()) == ([0.333, 0], [0.5, 0.5])
    assert float(-np.diff(recall) @ precision[:-1]) == pytest.approx(average_precision_score(truth, given))
