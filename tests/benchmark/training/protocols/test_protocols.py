"""Every protocol of the table trains a cell from end to end, and the table says what each protocol does."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.execution.budget.calibrate import calibrate, features_file
from benchmark.execution.execute import make_cell
from benchmark.machine.meter import Stopwatch
from benchmark.specs.plan import Plan
from benchmark.specs.protocols import PROTOCOLS
from benchmark.training.protocols import finetune, protocol_of
from benchmark.training.protocols.frozen import FrozenProtocol
from results.error import CatsError
from tests.support.plans import cells_of

every_protocol = pytest.mark.parametrize("name", PROTOCOLS)


def cell_of(name):
    recipe = {"protocol": name, "size": 16, "epochs": 1, "batch_size": 16, "precision": "fp32", "k": [1, 3]}
    plan = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 1}
    return next(cells_of(Plan(**plan, recipe=recipe, subsample={"train": 60, "val": 30})))


def figures_of(table):
    """Loss, AUC and number of the images of a table of two classes."""
    probabilities = table[["probability_unstained", "probability_stained"]].to_numpy()
    loss = -np.log(probabilities[np.arange(len(table)), table["label"]]).mean()
    return loss, roc_auc_score(table["label"], probabilities[:, 1]), len(table)


@pytest.mark.slow
@every_protocol
def test_a_cell_is_trained_and_scored(name):
    outcome = make_cell(cell_of(name), "e", Stopwatch("NLD", "cpu"))
    record = outcome.record
    assert (record.status, record.reason, record.settings["protocol"]) == ("finished", None, name)
    assert 0 <= record.scores["auc"] <= 1
    assert len(outcome.predictions) > 0
    assert {"val_loss", "val_auc"} <= record.curves.keys()
    assert {"val_loss", "val_auc", "images_train", "images_val", "images_test"} <= record.validation.keys()
    loss, area, rows = figures_of(outcome.validation_predictions)
    assert (loss, area) == (pytest.approx(record.validation["val_loss"], rel=1e-5), pytest.approx(record.validation["val_auc"]))
    assert rows == record.validation["images_val"] == 30
    assert list(outcome.validation_predictions) == list(outcome.predictions)
    assert not set(outcome.validation_predictions["sample"]) & set(outcome.predictions["sample"])
    expected = ["training", "evaluation"] if PROTOCOLS[name].trains_backbone else ["features", "training"]
    assert [cost.phase for cost in record.costs] == expected


@pytest.mark.slow
@every_protocol
def test_what_a_cell_takes_can_be_calibrated(name):
    cell = cell_of(name)
    estimate = calibrate(cell, "cpu", "NLD").estimate(cell)
    assert 0 < estimate.low.seconds <= estimate.likely.seconds <= estimate.high.seconds
    assert (features_file(cell) is None) is PROTOCOLS[name].trains_backbone


@every_protocol
def test_the_code_of_a_protocol_is_of_the_kind_that_the_table_says(name):
    assert isinstance(protocol_of(name), FrozenProtocol) is not PROTOCOLS[name].trains_backbone


def test_another_name_has_no_code():
    with pytest.raises(KeyError):
        protocol_of("frozen")


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (CatsError, "failed")])
def test_a_cell_that_ends_in_its_evaluation_keeps_what_its_training_left(monkeypatch, error, status):
    whole = make_cell(cell_of("finetune"), "e", Stopwatch("NLD", "cpu")).record

    def ends(*rest):
        raise error("no memory")  # made here: an exception holds on to the images of its frames

    monkeypatch.setattr(finetune, "precision", ends)
    outcome = make_cell(cell_of("finetune"), "e", Stopwatch("NLD", "cpu"))
    assert outcome.predictions is None
    record = outcome.record
    assert (record.status, record.scores, record.curves, record.validation) == (status, {}, whole.curves, whole.validation)
    assert record.facts == {name: fact for name, fact in whole.facts.items() if not name.endswith("precision")}
    assert [cost.phase for cost in record.costs] == ["training", "evaluation"]
