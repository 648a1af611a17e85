"""A plan that is run again though nothing of it is left; and what of it makes `cats run` look more closely."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.execution.execute import cell_attempt
from benchmark.execution.records import frame_of, outbox_of
from benchmark.execution.up_to_date import finished
from benchmark.specs.plan import load_plan
from results.record import Outcome
from results.tracking.change_counter import change_token
from results.tracking.experiment import Experiment
from results.tracking.send import create_run, send
from tests.support.plans import cells_of, resolved

URI = "sqlite:///mlflow.db"
TEXT = """
experiment: toy
sources: [scratch]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: probe, size: 16}
seeds: 3
allow_leakage: true
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "toy.yaml"
    path.write_text(TEXT)
    return load_plan(str(path))


def done(cell, status="finished", attempt="a"):
    record = cell_attempt(cell, "toy").lost("none", (0.0, 0.0)).record
    scores = {"auc": 0.8, "accuracy": 0.8}
    return Outcome(record.model_copy(update={"status": status, "scores": scores, "reason": None, "attempt": attempt}))


def is_finished(plan):
    return finished(resolved(plan).cells(), "toy", URI)


@pytest.fixture
def tracking(plan):
    made = Experiment(URI, "toy")
    for cell in cells_of(plan):
        send(made, done(cell, attempt=cell.key))
    return made


def test_a_finished_plan_is_known_as_such_and_the_database_stays_as_it_is(plan, tracking):
    before = change_token(URI)
    for _ in range(2):
        found = is_finished(plan)
        assert (found.cells, len(found.frame)) == (3, 3)
    assert change_token(URI) == before


def test_a_plan_that_was_finished_since_the_last_look_is_known_as_such_too(plan):
    made = Experiment(URI, "toy")
    assert len(frame_of(made)) == 0
    for cell in cells_of(plan):
        send(made, done(cell, attempt=cell.key))
    before = change_token(URI)
    assert is_finished(plan).cells == 3
    assert change_token(URI) == before


@pytest.mark.slow
def test_the_second_time_neither_mlflow_nor_torch_is_loaded(plan, tracking):
    assert is_finished(plan) is not None
    code = (
        "import json, sys; from benchmark.specs.plan import load_plan; from benchmark.execution.up_to_date import finished\n"
        f"from benchmark.execution.resolution import resolve_plan\nplan = resolve_plan(load_plan('toy.yaml'), {URI!r})\n"
        f"found = finished(plan.cells(), 'toy', {URI!r})\n"
        "print(json.dumps([found.cells, [name for name in ('mlflow', 'torch') if name in sys.modules]]))"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(asked.stdout) == [3, []]


def test_a_plan_with_a_cell_more_is_not_finished(plan, tracking):
    assert is_finished(plan) is not None
    assert is_finished(plan.model_copy(update={"seeds": (0, 1, 2, 3)})) is None


def test_a_cell_that_failed_is_left_to_do(plan):
    tracking = Experiment(URI, "toy")
    for number, cell in enumerate(cells_of(plan)):
        send(tracking, done(cell, "failed" if number == 1 else "finished", cell.key))
    assert is_finished(plan) is None


def test_what_waits_in_the_outbox_is_left_to_do(plan, tracking):
    outbox_of(URI, "toy").put(done(next(cells_of(plan)), attempt="b"))
    assert is_finished(plan) is None


@pytest.mark.parametrize("known", [True, False])
def test_a_run_whose_process_died_is_left_to_do_whether_or_not_it_is_known_already(plan, tracking, known):
    if known:
        assert is_finished(plan) is not None
    create_run(tracking, done(next(cells_of(plan)), attempt="b").record)
    assert is_finished(plan) is None


def test_a_cell_that_was_deleted_since_is_left_to_do(plan, tracking):
    assert is_finished(plan) is not None
    tracking.client.delete_run(next(iter(tracking.runs())).info.run_id)
    assert is_finished(plan) is None


def test_nothing_is_made_where_there_is_no_database_nor_experiment(plan):
    assert is_finished(plan) is None
    assert not Path("mlflow.db").exists()
    other = Experiment(URI, "other")
    assert is_finished(plan) is None
    assert other.client.get_experiment_by_name("toy") is None
