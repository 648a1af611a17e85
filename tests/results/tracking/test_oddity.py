"""Runs in which one thing was changed are left out and named; every other run stays, and no command ends."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from results.board.board import make_board
from results.board.request import RunQuery
from results.record import Outcome
from results.tracking import frame as module
from results.tracking.experiment import Experiment
from results.tracking.frame import left_out
from results.tracking.oddity import oddity
from results.tracking.send import send
from results.tracking.snapshot import frame_of
from tests.support.odd_runs import COSTS, DEEP, GONE, Database, fill
from tests.support.records import OLD

COST = "its tag cats.costs"
ODD = [  # kind, where, what, value, said of it
    *(("cell", "tags", "cats.costs", json.dumps([cost]), COST) for cost in COSTS),
    *(("score", "tags", "cats.costs", text, COST) for text in ("{}", "banana", DEEP, "[[]]", "[NaN]", "1", '[{"phase": NaN}]')),
    ("cell", "tags", "cats.costs", json.dumps([{**COSTS[0], "seconds": float("nan")}]), COST),
    ("cell", "tags", "cats.costs", '[{"phase":"t","seconds":1e400,"energy":{}}]', COST),
    ("cell", "tags", "cats.costs", '[{"phase":"t","seconds":%s,"energy":{}}]' % ("9" * 5000), COST),
    ("cell", "tags", "cats.key", GONE, "its tag cats.key is missing"),
    ("cell", "tags", "cats.key", "", "its tag cats.key is missing"),
    *((kind, "tags", "cats.kind", "banana", "its tag cats.kind is 'banana'; the kinds are") for kind in ("cell", "score")),
    ("cell", "tags", "cats.kind", GONE, "its tag cats.kind is missing"),
    *(("cell", "tags", "cats.record_version", value, "cats-bench reads version 1 and 2") for value in ("3", "", "x")),
    ("cell", "tags", "cats.point", GONE, "its tag cats.point is missing"),
    ("cell", "tags", "cats.pretraining", "", "its tag cats.pretraining"),
    *(("score", "tags", "cats.reasons", text, "its tag cats.reasons") for text in ("[]", '{"lp": 3}', DEEP, "x", "null")),
    *(("cell", "params", name, GONE, f"its parameter {name} is missing") for name in ("source", "target", "backbone", "seed")),
    *(("score", "params", name, "", f"its parameter {name} is missing") for name in ("source", "target", "measures")),
    ("pretraining", "params", "backbone", GONE, "its parameter backbone is missing"),
    *(("cell", "params", name, "banana", f"its parameter {name} is 'banana'") for name in ("seed", "size", "epochs")),
    *(("cell", "tags", "cats.settings", value, "is not a list of settings") for value in ("x", "[]", '{"lr": 1}')),
    *(("cell", "tags", "cats.curves", value, "cats.curves is not a list of names") for value in ("x", "{}", "[1]")),
    *(("cell", "params", name, "1e400", f"its parameter {name} is '1e400'") for name in ("seed", "size", "subsample.train")),
    ("cell", "params", "rule", "\x1b[31mred", "its parameter rule is"),
    *(("cell", "metrics", "test_auc", value, "its metric test_auc is") for value in ("x", None, float("inf"), 7.0, -0.1)),
    ("cell", "metrics", "val_loss", 1e300, "its metric val_loss is"),
    ("cell", "metrics", "restored_val_auc", 1e300, "its metric val_auc is"),
    *(("score", "metrics", "measure_lp", value, "its metric measure_lp is") for value in ("x", None, float("inf"), -1e300)),
    *(("cell", "runs", "start_time", value, "is not a time") for value in ("banana", -1, 10**18)),
]  # fmt: skip
HARMLESS = [
    ("cell", "tags", "cats.torch", "banana"),
    ("cell", "tags", "cats.leak", ""),
    ("cell", "tags", "cats.costs", GONE),
    ("cell", "metrics", "best_epoch", "x"),
    ("cell", "metrics", "val_auc", float("inf")),
    ("score", "tags", "cats.reasons", GONE),
]
ADDED = [  # things of other people that are called like ours
    ("params", "test_auc", "0.99"),
    ("params", "best_epoch", "first"),
    ("params", "colour", "red"),
    ("tags", "cats.source_images", "7 images"),
    ("tags", "cats.known_duplicates", "many"),
    ("tags", "cats.slices", "nine"),
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The database of an experiment, its run ids by kind, and the copies of its runs by what was changed in them."""
    folder = tmp_path_factory.mktemp("odd")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ids = fill(Experiment("sqlite:///mlflow.db", "toy"))
        shutil.copy("mlflow.db", "whole.db")
        database, copies = Database("mlflow.db"), {}
        for number, (kind, where, name, value, *_) in enumerate([*ODD, *HARMLESS]):
            copies[number] = database.copy(ids[kind][0])
            if where == "runs":
                database.connection.execute("PRAGMA ignore_check_constraints = 1")
            database.change(copies[number], where, name, value)
        for where, name, value in ADDED:
            copies[name] = database.copy(ids["cell"][0])
            database.add(copies[name], where, name, value)
        database.close()
        runs = {run.info.run_id: run for run in Experiment("sqlite:///mlflow.db", "toy").runs()}
    return folder, {number: runs[run_id] for number, run_id in copies.items()}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(ODD)), ids=[f"{k} {n} {str(v)[:12]}" for k, _, n, v, _ in ODD])
def test_a_run_in_which_one_thing_was_changed_is_odd_and_named(prepared, number):
    run = prepared[1][number]
    said = oddity(run)
    assert said is not None
    assert said.startswith(f"run {run.info.run_id}")
    assert "is left out: " in said
    assert ODD[number][4] in said
    assert said.isprintable()
    assert len(said) < 300


@pytest.mark.parametrize("number", range(len(ODD), len(ODD) + len(HARMLESS)), ids=[n for _, _, n, _ in HARMLESS])
def test_what_no_result_reads_makes_no_run_odd(prepared, number):
    assert oddity(prepared[1][number]) is None


@pytest.mark.parametrize("name", [name for _, name, _ in ADDED])
def test_what_others_add_is_read_as_ours_only_where_it_can_be(prepared, name):
    said = oddity(prepared[1][name])
    assert (said is None) == (not name.startswith("cats."))


@pytest.mark.slow
def test_all_others_are_read_from_mlflow_and_from_the_snapshot_alike(prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(prepared[0])
    monkeypatch.setattr(module, "NAMED", 1000)
    tracking, whole = Experiment("sqlite:///mlflow.db", "toy"), Experiment("sqlite:///whole.db", "toy")
    told, truth = frame_of(tracking, tmp_path), tracking.frame()
    read = sum(not name.startswith("cats.") for _, name, _ in ADDED)
    assert len(told) == len(truth) == len(whole.frame()) + len(HARMLESS) + read
    expected = {run.info.run_id for number, run in prepared[1].items() if oddity(run) is not None}
    assert {sentence.split()[1] for sentence in left_out(told)} == expected
    assert set(left_out(truth)) <= set(left_out(told))  # without a key a run is not searched for
    assert told["started"].dtype == "int64"
    again = frame_of(tracking, tmp_path)
    assert left_out(again) == left_out(told)
    # The copies that count began before the runs that they are copies of, so that these are the ones on the board.
    assert figures(told) == figures(whole.frame())


def figures(frame):
    """All of a board but the energy, which is that of all attempts."""
    targets = make_board(frame, RunQuery("toy")).targets
    return {target: [replace(row, energy_kwh=None) for row in rows] for target, rows in targets.items()}


def test_many_odd_runs_are_counted(prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(prepared[0])
    sentences = left_out(frame_of(Experiment("sqlite:///mlflow.db", "toy"), tmp_path))
    assert len(sentences) == module.NAMED + 1
    assert sentences[-1].endswith("more runs are left out for such reasons")


@pytest.mark.slow
def test_a_run_that_is_mended_is_back_at_once(tracking, tmp_path, monkeypatch):
    monkeypatch.setattr("results.tracking.incremental.SLICE", 2)
    ids = fill(tracking)["cell"]
    frame_of(tracking, tmp_path)
    costs = tracking.client.get_run(ids[0]).data.tags["cats.costs"]
    tracking.client.set_tag(ids[0], "cats.costs", "banana")
    while not left_out(frame_of(tracking, tmp_path)):  # an ended run is read again in its turn
        pass
    tracking.client.set_tag(ids[0], "cats.costs", costs)
    assert left_out(frame_of(tracking, tmp_path)) == []
    pd.testing.assert_frame_equal(frame_of(tracking, tmp_path), tracking.frame(), check_like=True)


def test_a_calibration_error_that_was_once_imported_in_percent_does_not_count_and_its_run_does(tracking):
    """Earlier versions knew no bounds of ece. A run of our own with such a figure is odd."""
    changes = {"scores": {"auc": 0.9, "ece": 3.2}}
    sent = [
        send(tracking, Outcome(OLD.model_copy(update=changes | {"key": key, "attempt": key, "facts": OLD.facts | facts})))
        for key, facts in (("foreign", {"imported": "table"}), ("own", {}))
    ]
    frame = tracking.frame()
    assert frame["run_id"].tolist() == sent[:1]
    assert frame["test_auc"].tolist() == [0.9]
    assert "test_ece" not in frame
    assert "its metric test_ece is 3.2, which is outside 0 to 1" in left_out(frame)[0]
