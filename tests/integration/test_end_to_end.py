"""The main path on real pictures: plan → cells → outbox → MLflow → board; and what happens when it is disturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient

from results.board.board import make_board
from results.board.request import RunQuery
from results.tracking.experiment import Experiment, absolute
from tests.support import processes
from tests.support.folded import makers
from tests.support.plans import resolved
from tests.support.small_plan import small


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(small())
    return path


def cats(*arguments, check=0, run=processes.run, **environment):
    done = run(["-m", "benchmark", *map(str, arguments)], timeout=200, env={**os.environ, **environment})
    assert done.returncode == check, done.stderr + done.stdout
    return done


def frame(experiment="small"):
    return Experiment("sqlite:///mlflow.db", experiment, create=False).frame()


def is_plan_with_totals(run_id, runs):
    """Whether a run is that of the plan, which can be run again from it, with what all attempts took together."""
    run = MlflowClient(absolute("sqlite:///mlflow.db")).get_run(run_id)
    text = Path(run.info.artifact_uri.removeprefix("file://"), "plan.yaml").read_text()
    assert run.data.tags["cats.kind"] == "plan"
    assert yaml.safe_load(text)["experiment"] == "small"
    found = run.data.metrics
    assert (found["cells_finished"], found["attempts"], found["attempts_failed"]) == (4, 5, 0)
    assert (found["energy_kwh_known"], found["attempts_energy_unknown"]) == (pytest.approx(runs["kwh"].sum()), 0)
    assert found["seconds"] > 0


def cells(experiment="small"):
    runs = frame(experiment)
    return runs[runs["kind"] == "cell"]


@pytest.mark.slow
def test_a_plan_runs_once_and_the_second_run_makes_no_cell(plan):
    real = partial(subprocess.run, capture_output=True, text=True, check=False)
    first = cats("run", plan, run=lambda arguments, **how: real([sys.executable, *arguments], **how))
    assert "4 cells: 0 were done, 4 made now, 0 attempts failed" in first.stderr
    before = frame()
    second = cats("run", plan)
    assert "4 cells: 4 were done, 0 made now" in second.stderr
    after = frame()
    assert sorted(before["run_id"]) == sorted(after["run_id"])
    assert Counter(after["kind"]) == {"cell": 4, "pretraining": 1}
    assert set(after["status"]) == {"FINISHED"}

    run = MlflowClient(absolute("sqlite:///mlflow.db")).get_run(cells().iloc[0]["run_id"])
    for name in ("auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "average_precision", "brier"):
        assert 0 <= run.data.metrics[f"test_{name}"] <= 1
    assert run.data.metrics["energy_kwh_training"] > 0
    assert run.data.metrics["seconds_evaluation"] > 0
    assert run.data.tags["mlflow.source.name"] == "cats run"
    (given,) = run.inputs.dataset_inputs
    assert (given.dataset.name, json.loads(given.dataset.profile)) == ("ihc", {"num_rows": 576, "num_classes": 2})
    is_plan_with_totals(run.data.tags["mlflow.parentRunId"], after)
    artifacts = Path(run.info.artifact_uri.removeprefix("file://"))
    predictions = pd.read_parquet(artifacts / "predictions.parquet")
    assert list(predictions) == ["sample", "group", "label", "probability_unstained", "probability_stained"]
    assert len(predictions) == 144
    assert predictions["probability_stained"].between(0, 1).all()

    shown = cats("board", plan, "--format", "json", "--report", "report")
    assert '"experiment": "small"' in shown.stdout
    assert {path.name for path in Path("report").iterdir()} == {"board.md", "board.csv", "board.json", "board.png"}
    assert cats("board", "small", "--format", "csv").stdout.count("\n") == 3
    assert "4 done, 0 to make" in cats("plan", plan).stdout
    listed = cats("plan", plan, "--cells").stdout
    assert "energy" in listed or "done" in listed


@pytest.mark.slow
def test_a_driver_killed_in_the_middle_leaves_nothing_twice_nothing_missing_nothing_running(plan, decoded_once):
    process = processes.start(["-m", "benchmark", "run", plan], stderr=subprocess.PIPE)
    for line in process.stderr:
        if line.startswith("2/4"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    cats("run", plan)
    runs = cells()
    assert Counter(runs.loc[runs["status"] == "FINISHED", "key"]).most_common(1)[0][1] == 1
    assert (runs["status"] == "FINISHED").sum() == 4
    assert "RUNNING" not in set(frame()["status"])


@pytest.mark.slow
def test_ctrl_c_ends_cleanly_says_how_to_resume_and_keeps_the_cost_of_the_stopped_cell(plan, home, decoded_once):
    plan.write_text(small(recipe={"epochs": 100_000}))
    process = processes.start(["-m", "benchmark", "run", plan], stderr=subprocess.PIPE)
    try:
        while not any(home.glob("outbox/*.lock")) and process.poll() is None:
            time.sleep(0.01)
        process.work(1.5)  # into the first cell, which takes hours
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=200)
    finally:
        process.kill()
    assert process.returncode == 130, told
    assert f"Resume with: cats run {plan}\n" in told
    assert "Traceback" not in told
    runs = frame()
    assert "RUNNING" not in set(runs["status"])
    assert list(runs["status"]) == ["KILLED"]
    assert json.loads(runs.iloc[0]["costs"])[0]["seconds"] > 0


@pytest.mark.slow
def test_a_failed_cell_is_recorded_with_its_reason_and_tried_again_next_time(plan, decoded_once):
    plan.write_text(small(sources=["scratch"], recipe={"optimiser": "sgd", "lr": 1e15}))
    failed = cats("run", plan, check=1)
    assert "the training loss is nan in epoch" in failed.stderr
    assert "learning rate" in failed.stderr
    cats("run", plan, check=1)
    runs = cells()
    assert list(runs["status"]) == ["FAILED"] * 4
    assert runs["key"].nunique() == 2
    refused = cats("board", plan, check=2)
    assert "no finished cell" in refused.stderr


@pytest.mark.slow
def test_the_same_cell_gives_the_same_probabilities_bit_for_bit_in_another_process_and_home(plan, tmp_path):
    plan.write_text(small(sources=["digits"], seeds=1))
    found = []
    for place in ("one", "two"):
        database = f"sqlite:///{place}.db"
        cats("run", plan, "--device", "cpu", "--tracking-uri", database, CATS_HOME=str(tmp_path / place))
        runs = Experiment(database, "small").frame()
        run = MlflowClient(absolute(database)).get_run(runs.loc[runs["kind"] == "cell", "run_id"].iloc[0])
        path = Path(run.info.artifact_uri.removeprefix("file://")) / "predictions.parquet"
        found.append((run.data.tags["cats.key"], pd.read_parquet(path)))
    assert found[0][0] == found[1][0]
    pd.testing.assert_frame_equal(found[0][1], found[1][1], check_exact=True)


@pytest.mark.slow
def test_records_wait_while_mlflow_is_away_and_sync_sends_them(plan, decoded_once, monkeypatch):
    from benchmark.execution.engine import Local
    from benchmark.execution.records import outbox_of
    from benchmark.execution.runner import run
    from benchmark.execution.watch import Watch
    from benchmark.specs.plan import load_plan
    from results.error import CatsError
    from results.tracking import writer
    from results.tracking.writer import Writer

    plan.write_text(small(sources=["scratch"]))
    loaded = load_plan(str(plan))
    tracking = Experiment("sqlite:///mlflow.db", loaded.experiment)
    outbox = outbox_of("sqlite:///mlflow.db", loaded.experiment)
    quiet = Watch(lambda what: None, lambda record, state: None)

    def away(tracking, outcome, **how):
        raise CatsError("MLflow is away")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "send", away)
        state = run(resolved(loaded), Writer(tracking, outbox), Local("cpu"), quiet)
        assert (state.made, state.waiting) == (2, 2)
        assert run(resolved(loaded), Writer(tracking, outbox), Local("cpu"), quiet).made == 0  # what waits is done
    assert len(frame()) == 0
    assert "2 records sent" in cats("sync", plan).stdout
    assert list(cells()["status"]) == ["FINISHED"] * 2
    assert list(outbox) == []
    assert makers("sqlite:///mlflow.db", "small") == {("cell", "catsbench")}  # which made them, not which sent them


@pytest.mark.slow
def test_a_probe_of_chained_pretrainings_shares_features_over_seeds_and_has_no_false_interval(plan, decoded_once):
    recipe = {"base": "probe", "epochs": None, "batch_size": None}
    plan.write_text(small(sources=["digits[from=textures]"], recipe=recipe, subsample={"train": 60, "seed": 24}))
    cats("run", plan)
    runs = frame()
    assert Counter(runs["kind"]) == {"cell": 2, "pretraining": 2}
    assert len(list((Path(os.environ["CATS_HOME"]) / "features").glob("*.npy"))) == 1
    row = make_board(runs, RunQuery("small")).targets["ihc"][0]
    assert (row.seeds, row.low, row.high) == (2, None, None)  # equal images, equal features: seeds say nothing


@pytest.mark.slow
def test_real_images_and_real_weights(plan, real_data, real_weights):
    what = {"sources": ["imagenet", "inat_bird"], "targets": ["retinamnist"], "backbones": ["mobilenetv2_100"]}
    plan.write_text(small(**what, recipe={"size": 32, "epochs": 1}, pretraining={"size": 32, "epochs": 1}))
    cats("run", plan)
    runs = cells()
    assert set(runs["status"]) == {"FINISHED"}
    assert len(runs) == 4
    assert runs["test_kappa"].between(-1, 1).all()
    assert "no patient ids are known for retinamnist" in cats("board", plan).stdout.replace("\n", " ")
