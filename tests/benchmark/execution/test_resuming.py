"""What interrupted attempts cost is in exactly one record, whether their process could write one or not."""

import math

import pandas as pd
import pytest

from benchmark.core.checkpoint_files import exists, keep_costs, lock_file, mark_recorded, state_file, unrecorded_costs
from benchmark.execution.budget.history import History
from benchmark.execution.cluster import worker
from benchmark.execution.delivery import store
from benchmark.execution.execute import cell_attempt, make_cell, make_pretraining
from benchmark.execution.prepare import pretrainings_ahead
from benchmark.machine.meter import Meter
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from benchmark.specs.start import pretrained_path
from benchmark.training import checkpoint, train
from results.files.lock import locked_if_free
from results.record import Cost, Energy
from results.tracking.mlflow_format import measurements
from results.tracking.outbox import Outbox
from tests.support.plans import cells_of

PLAN = {
    "experiment": "e", "sources": ["scratch", "digits"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 2,
    "recipe": {"size": 16, "epochs": 3, "batch_size": 16, "precision": "fp32"}, "subsample": {"train": 30, "val": 30},
    "pretraining": {"size": 16, "epochs": 3, "precision": "fp32"},
}  # fmt: skip
DIED = Cost(phase="training", seconds=7.0, energy={"cpu": Energy(kwh=5.0, provenance="modelled")}, kg_per_kwh=0.2)


@pytest.fixture
def cell():
    return next(iter(cells_of(Plan(**PLAN))))


@pytest.fixture
def stopped(monkeypatch):
    """`stopped(work, epochs)` does work that keeps its state after every epoch and is stopped after some epochs."""
    for name, value in (("SECONDS", 0.0), ("RATE", math.inf), ("SHARE", math.inf)):
        monkeypatch.setattr(checkpoint, name, value)

    def stop(work, epochs):
        asked = iter([*[False] * epochs, True])
        with monkeypatch.context() as patch:
            patch.setattr(train, "stop_requested", lambda: next(asked))
            return work()

    return stop


def made(cell):
    return make_cell(cell, "e", Meter("NLD", "cpu"))


def seconds(outcome):
    return math.fsum(cost.seconds for cost in outcome.record.costs if cost.phase == "training")


def test_the_costs_of_an_attempt_whose_process_died_are_in_the_record_of_the_next(cell):
    keep_costs(cell.key, (DIED,))
    outcome = made(cell)
    assert outcome.record.status == "finished"
    assert outcome.record.costs[0] == DIED
    assert {cost.phase for cost in outcome.record.costs[1:]} == {"training", "evaluation"}
    metrics = {name: value for name, value, _ in measurements(outcome.record)}
    assert metrics["seconds_training"] == pytest.approx(seconds(outcome))
    assert metrics["energy_kwh_training"] > 5.0
    assert metrics["co2e_kg_training"] > 1.0


def test_a_checkpoint_holds_what_its_attempt_has_cost_up_to_then(cell, stopped, tmp_path):
    outcome = stopped(lambda: made(cell), 2)
    noted = unrecorded_costs(cell.key)
    assert {cost.phase for cost in noted} == {"training"}
    assert 0 < math.fsum(cost.seconds for cost in noted) <= seconds(outcome)
    assert all(set(cost.energy) == {"cpu", "ram"} for cost in noted)
    attempt, when = cell_attempt(cell, "e"), (outcome.record.started, 60.0)
    earlier = outcome.record.model_copy(update={"ended": outcome.record.started - 1})
    for record in (attempt.lost("its worker died", when).record, attempt.cut_off(when, ["cpu"], 1).record, earlier):
        mark_recorded(record)
        assert unrecorded_costs(cell.key) == noted
    for cut in (attempt.lost("its worker died", when), attempt.cut_off(when, ["cpu"], 1)):  # as the driver stores them
        store([cut], Outbox(tmp_path / "outbox"))
        assert unrecorded_costs(cell.key) == noted
    mark_recorded(outcome.record)
    assert unrecorded_costs(cell.key) == ()


@pytest.mark.slow
def test_an_interrupted_attempt_with_a_record_is_not_counted_again(cell, stopped, tmp_path):
    outbox = Outbox(tmp_path / "outbox")
    first = stopped(lambda: made(cell), 2)
    store([first], outbox)
    assert exists(cell.key)
    second = made(cell)
    assert second.record.validation["epochs_resumed"] == 2
    assert seconds(second) < math.fsum(cost.seconds for cost in (*first.record.costs, *second.record.costs))
    assert not [cost for cost in second.record.costs if cost in first.record.costs]
    store([second], outbox)
    assert not exists(cell.key)


def test_a_cell_that_went_on_is_the_one_made_at_once(cell, stopped):
    whole = made(cell)
    mark_recorded(whole.record)
    assert stopped(lambda: made(cell), 2).record.status == "interrupted"
    again = made(cell)
    pd.testing.assert_frame_equal(again.predictions, whole.predictions, check_exact=True)
    assert (again.record.scores, again.record.curves) == (whole.record.scores, whole.record.curves)
    assert again.record.validation == whole.record.validation | {"epochs_resumed": 2.0}


@pytest.mark.slow
def test_a_pretraining_that_went_on_has_the_same_weights_bit_for_bit(stopped):
    start = next(cell.start for cell in cells_of(Plan(**PLAN)) if cell.source == "digits")

    def pretrained():
        return make_pretraining(start, "e", Meter("NLD", "cpu"))

    mark_recorded(pretrained().record)
    whole = pretrained_path(start).read_bytes()
    pretrained_path(start).unlink()
    assert stopped(pretrained, 2).record.status == "interrupted"
    assert not pretrained_path(start).exists()
    (sentence,) = ahead = pretrainings_ahead(todo := [cell for cell in cells_of(Plan(**PLAN)) if cell.start == start])
    assert sentence.endswith("16 pixels, 3 epochs; an interrupted attempt has left a checkpoint")
    with locked_if_free(lock_file(start.key)) as held:  # as a training at work holds it
        assert held
        (sentence,) = pretrainings_ahead(todo)
    assert sentence.endswith("16 pixels, 3 epochs; an attempt that is at work now has left a checkpoint")
    assert pretrainings_ahead(todo) == ahead
    again = pretrained()
    assert again.record.validation["epochs_resumed"] == 2
    assert pretrained_path(start).read_bytes() == whole


def test_a_cell_that_made_only_its_last_epochs_does_not_say_what_such_cells_cost(cell, stopped):
    stopped(lambda: made(cell), 2)
    again, history = made(cell).record, History()
    history.count(again)
    assert history.finished == {}
    history.count(again.model_copy(update={"validation": {}}))
    assert history.finished


def test_a_worker_removes_the_state_of_a_finished_cell_when_it_gets_its_next_job(cell, stopped):
    """Its CATS_HOME may be one that the driver does not see."""
    first, second, *_ = jobs_of(cells_of(Plan(**PLAN)), "e", "NLD")
    worker._returned.clear()
    (outcome,) = worker.make_checked(first, "cpu")
    assert outcome.record.status == "finished"
    assert state_file(outcome.record.key).exists()
    worker.make_checked(second, "cpu")
    assert not exists(outcome.record.key)
