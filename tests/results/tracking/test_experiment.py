"""Against a real sqlite MLflow."""

import itertools
import json
import logging
import os
import sqlite3
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from benchmark.execution.records import finished_keys
from results.error import CatsError, NoExperimentError
from results.record import PREDICTIONS, VALIDATION_PREDICTIONS, Cost, Energy, Outcome
from results.tracking import experiment as module
from results.tracking import predictions as reading_module
from results.tracking import send as send_module
from results.tracking.experiment import Experiment
from results.tracking.mlflow_format import WHOLE, measurements
from results.tracking.outbox import Outbox
from results.tracking.predictions import predictions_of
from results.tracking.send import create_run, send
from results.tracking.snapshot import frame_of
from results.tracking.writer import Writer, close_abandoned
from tests.support import processes
from tests.support.records import OLD, TABLE
from tests.support.snapshots import small_slices  # noqa: F401 - the fixture `large`


def outcome(**changes):
    record = OLD.model_copy(update=changes)
    return Outcome(record, TABLE if record.status == "finished" else None)


def statuses(tracking):
    return sorted(run.info.status for run in tracking.runs())


@pytest.fixture
def dying(tracking):
    """`with dying(step)`: the process is killed at that call of MLflow's client."""

    @contextmanager
    def within(step):
        def die(*_, **__):
            raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(tracking.client, step, die)
            yield

    return within


def test_a_record_becomes_one_run_with_everything_in_it(tracking):
    run = tracking.client.get_run(send(tracking, outcome()))
    assert run.info.status == "FINISHED"
    assert (run.info.start_time, run.info.end_time) == (1700000000000, 1700000002500)
    assert run.data.tags["cats.key"] == "4f0c1ad2"
    assert run.data.tags["cats.torch"] == "2.13.0"
    assert run.data.params["source"] == "imagenet"
    assert run.data.params["lr"] == "0.001"
    assert run.data.metrics["test_auc"] == 0.9
    assert "test_kappa" not in run.data.metrics  # not a number is not a score
    assert [m.value for m in tracking.client.get_metric_history(run.info.run_id, "val_auc")] == [0.7, 0.8]
    assert run.data.metrics["seconds_training"] == 2.5
    assert "energy_kwh_training" not in run.data.metrics  # a part of it is missing
    assert run.inputs.dataset_inputs[0].dataset.name == "breastmnist"
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "predictions.parquet"), TABLE)


def test_one_log_batch_per_cell_and_more_only_above_mlflows_limit(tracking, monkeypatch):
    calls = []
    store = tracking.client._tracking_client.store  # below the client, which splits a batch that is too large
    real = store.log_batch
    monkeypatch.setattr(store, "log_batch", lambda **k: (calls.append(len(k["metrics"])), real(**k)))
    curves = {name: [0.5] * 100 for name in ("train_loss", "val_loss", "val_auc", "learning_rate")}
    send(tracking, outcome(curves=curves))
    assert calls == [406]
    send(tracking, outcome(key="long", attempt="a2", curves={"val_auc": [0.5] * 2300}))
    assert sum(calls[1:]) == 2306
    assert max(calls) <= 1000
    assert len(calls[1:]) <= 4
    run = next(run for run in tracking.runs("tags.`cats.key` = 'long'"))
    assert len(tracking.client.get_metric_history(run.info.run_id, "val_auc")) == 2300


def test_sending_twice_gives_one_run(tracking):
    assert send(tracking, outcome()) == send(tracking, outcome())
    assert statuses(tracking) == ["FINISHED"]


def test_a_run_that_died_while_it_was_written_is_completed(tracking, dying):
    with dying("log_batch"):
        send(tracking, outcome())
    assert statuses(tracking) == ["RUNNING"]
    send(tracking, outcome())
    assert statuses(tracking) == ["FINISHED"]
    assert finished_keys(tracking) == {"4f0c1ad2"}


def test_a_run_is_known_as_whole_only_when_all_of_its_record_is_there(tracking, dying):
    with dying("log_batch"):
        send(tracking, outcome())
    close_abandoned(tracking)  # its tags are there, its scores are not
    (run,) = tracking.runs()
    assert (run.data.tags["cats.torch"], run.data.metrics) == ("2.13.0", {})
    send(tracking, outcome())
    (run,) = tracking.runs()
    assert (run.info.status, run.data.metrics["test_auc"], run.data.tags[WHOLE]) == ("FINISHED", 0.9, "2")


def test_an_abandoned_run_is_closed_with_its_reason(tracking):
    create_run(tracking, OLD)
    assert close_abandoned(tracking) == 1
    assert statuses(tracking) == ["KILLED"]
    assert close_abandoned(tracking) == 0


def test_a_report_that_was_cut_off_is_closed_too(tracking):
    tracking.client.create_run(tracking.experiment_id, tags={"cats.kind": "report"})
    assert close_abandoned(tracking) == 1
    assert statuses(tracking) == ["KILLED"]


@pytest.mark.slow
def test_a_web_server_that_is_away_is_one_line(tmp_path):
    code = "from results.tracking.experiment import Experiment; from results.error import CatsError\n"
    code += "try: Experiment('http://127.0.0.1:1', 'toy')\nexcept CatsError as error: print(error)"
    retried = {name: value for name, value in os.environ.items() if name != "MLFLOW_HTTP_REQUEST_MAX_RETRIES"}
    told = processes.run(["-c", code], env=retried)
    told.check_returncode()
    assert (told.stdout.count("\n"), told.stderr) == (1, "")
    assert told.stdout.startswith("MLflow at http://127.0.0.1:1 cannot be used: ")


def test_other_peoples_running_runs_are_left_alone(tracking):
    tracking.client.create_run(tracking.experiment_id)
    assert close_abandoned(tracking) == 0
    assert statuses(tracking) == ["RUNNING"]


def test_a_key_is_finished_once_also_when_two_attempts_made_it(tracking):
    send(tracking, outcome())
    second = tracking.client.get_run(send(tracking, outcome(attempt="a2")))
    assert second.info.status == "KILLED"
    assert second.data.tags["cats.reason"] == "the same key had been finished by another attempt"


@pytest.mark.parametrize(("status", "shown"), [("failed", "FAILED"), ("interrupted", "KILLED")])
def test_attempts_that_did_not_finish_keep_their_reason_and_leave_the_key_open(tracking, status, shown):
    run = tracking.client.get_run(send(tracking, outcome(status=status, reason="because")))
    assert (run.info.status, run.data.tags["cats.reason"]) == (shown, "because")
    assert finished_keys(tracking) == set()
    send(tracking, outcome(attempt="a2"))
    assert finished_keys(tracking) == {"4f0c1ad2"}


def test_delivery_empties_the_outbox(tracking, tmp_path):
    box = Outbox(tmp_path / "box")
    box.put(outcome())
    box.put(outcome(attempt="a2", key="k2"))
    assert Writer(tracking, box).deliver() == 2
    assert list(box) == []
    assert finished_keys(tracking) == {"4f0c1ad2", "k2"}


def test_delivered_predictions_are_those_that_waited(tracking, tmp_path):
    box = Outbox(tmp_path / "outbox")
    file = box.put(outcome()) / "predictions.parquet"
    waited = file.read_bytes()
    Writer(tracking, box).deliver()
    (run,) = tracking.runs()
    assert not file.exists()
    assert Path(tracking.client.download_artifacts(run.info.run_id, file.name, str(tmp_path))).read_bytes() == waited
    pd.testing.assert_frame_equal(tracking.predictions(run.info.run_id), TABLE)


def test_a_new_record_is_not_looked_for_and_its_key_is_still_finished_once(tracking, tmp_path, monkeypatch):
    searches, search = [], tracking.client.search_runs
    monkeypatch.setattr(tracking.client, "search_runs", lambda *given: searches.append(given) or search(*given))
    box = Outbox(tmp_path / "outbox")
    for attempt in ("a1", "a2"):
        box.put(outcome(attempt=attempt))
        Writer(tracking, box).deliver()
    assert len(searches) == 2  # one for each record, when it was written
    assert statuses(tracking) == ["FINISHED", "KILLED"]


@pytest.mark.parametrize("again", [False, True], ids=["the same process", "another process"])
def test_a_record_whose_delivery_broke_off_is_looked_for(tracking, tmp_path, monkeypatch, again):
    box = Outbox(tmp_path / "outbox")
    box.put(outcome())
    with monkeypatch.context() as broken:
        broken.setattr(tracking.client, "log_inputs", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Writer(tracking, box).deliver()
    Writer(tracking, Outbox(tmp_path / "outbox") if again else box).deliver()
    assert statuses(tracking) == ["FINISHED"]


def test_the_frame_gives_settings_and_metrics_their_own_columns(tracking):
    send(tracking, outcome())
    row = tracking.frame().iloc[0]
    assert (row["source"], row["lr"], row["test_auc"], row["status"], row["kind"]) == (
        "imagenet",
        "0.001",
        0.9,
        "FINISHED",
        "cell",
    )
    assert json.loads(row["costs"])[0]["energy"]["gpu"] == {"kwh": None, "provenance": "missing"}


def test_the_frame_says_of_how_many_slices_a_volume_is_seen(tracking, tmp_path):
    send(tracking, outcome())
    send(tracking, outcome(key="e" * 64, facts=OLD.facts | {"slices": "9"}))
    for frame in (tracking.frame(), frame_of(tracking, tmp_path)):
        assert frame.set_index("key")["slices"].dropna().to_dict() == {"e" * 64: "9"}


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        ({"precision": "bfloat16", "evaluation_precision": "float32"}, "float32"),
        ({"evaluation_precision": "bfloat16"}, "bfloat16"),
        ({"precision": "bfloat16"}, "bfloat16"),
        ({}, None),
    ],
    ids=["today", "of a probe", "older", "of an older probe"],
)
def test_the_frame_gives_the_format_of_the_predictions_also_of_older_records(tracking, facts, known):
    made = outcome()
    others = {name: text for name, text in made.record.facts.items() if "precision" not in name}
    send(tracking, replace(made, record=made.record.model_copy(update={"facts": others | facts})))
    row = tracking.frame().iloc[0]
    assert (row["evaluation_precision"], row.get("precision")) == (known, made.record.settings.get("precision"))


def test_a_missing_experiment_is_not_made_by_reading(tracking):
    with pytest.raises(NoExperimentError, match="no experiment 'tol' on sqlite:.*; did you mean 'toy'"):
        Experiment(tracking.uri, "tol", create=False)
    with pytest.raises(NoExperimentError, match="no experiment 'other' on sqlite:.*; there are .*toy"):
        Experiment(tracking.uri, "other", create=False)


def test_a_deleted_experiment_is_named(tracking):
    tracking.client.delete_experiment(tracking.experiment_id)
    with pytest.raises(CatsError, match="experiment 'toy' on .* was deleted; restore the experiment in MLflow"):
        Experiment(tracking.uri, "toy")


def test_a_server_that_does_not_answer_is_one_sentence(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    with pytest.raises(CatsError, match="MLflow at http://127.0.0.1:9 cannot be used: ") as caught:
        Experiment("http://127.0.0.1:9", "toy")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("uri", ["nonsense://x", "sqlite:////dev/null/mlflow.db"])
def test_a_wrong_address_is_one_sentence(uri):
    with pytest.raises(CatsError, match="cannot be used: ") as caught:
        Experiment(uri, "toy")
    assert "\n" not in str(caught.value)


def test_a_run_that_died_after_its_batch_is_completed_and_nothing_in_it_is_doubled(tracking, dying):
    with dying("set_terminated"):
        send(tracking, outcome())
    assert statuses(tracking) == ["RUNNING"]
    run = tracking.client.get_run(send(tracking, outcome()))
    assert statuses(tracking) == ["FINISHED"]
    assert [m.value for m in tracking.client.get_metric_history(run.info.run_id, "val_auc")] == [0.7, 0.8]
    assert len(run.inputs.dataset_inputs) == 1
    assert (run.info.start_time, run.info.end_time) == (1700000000000, 1700000002500)


def test_a_run_that_died_while_it_was_written_is_not_closed_as_abandoned_after_delivery(tracking, tmp_path, dying):
    """As the runner does it: first deliver, then close what is left."""
    box = Outbox(tmp_path / "box")
    box.put(outcome())
    with dying("log_batch"):
        Writer(tracking, box).deliver()
    assert Writer(tracking, box).deliver() == 1
    assert close_abandoned(tracking) == 0
    assert statuses(tracking) == ["FINISHED"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "status"),
    [*itertools.product(["log_inputs", "log_batch", "set_terminated"], ["finished", "failed"]), ("upload", "finished")],
)
def test_a_run_closed_as_abandoned_wherever_its_writing_broke_off_is_completed(tracking, tmp_path, monkeypatch, step, status):
    box = Outbox(tmp_path / "box")
    box.put(outcome(status=status, reason="why" if status == "failed" else None))

    def away(*_, **__):
        raise OSError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(send_module if step == "upload" else tracking.client, step, away)
        with pytest.raises(CatsError, match="no answer"):
            Writer(tracking, box).deliver()
    assert close_abandoned(tracking) == 1
    assert Writer(tracking, box).deliver() == 1
    (run,) = tracking.runs()
    assert (run.info.status, run.data.tags.get("cats.reason")) == (
        ("FINISHED", None) if status == "finished" else ("FAILED", "why")
    )
    assert run.data.metrics["test_auc"] == 0.9
    if status == "finished":
        pd.testing.assert_frame_equal(tracking.predictions(run.info.run_id), TABLE)


def test_an_abandoned_run_says_why(tracking):
    create_run(tracking, OLD)
    close_abandoned(tracking)
    (run,) = tracking.runs()
    assert run.data.tags["cats.reason"] == "its process died before the record was complete"
    assert finished_keys(tracking) == set()


def cost(phase, kg_per_kwh=0.5, **kwh):
    energy = {n: Energy(kwh=v, provenance="missing" if v is None else "modelled") for n, v in kwh.items()}
    return Cost(phase=phase, seconds=2.0, energy=energy, kg_per_kwh=kg_per_kwh)


def test_energy_and_emissions_of_each_phase_are_metrics_of_their_own(tracking):
    costs = (cost("training", cpu=1.0, ram=0.5), cost("evaluation", cpu=0.25, ram=0.25))
    found = tracking.client.get_run(send(tracking, outcome(costs=costs))).data.metrics
    assert {n: v for n, v in found.items() if "training" in n or "evaluation" in n} == {
        "seconds_training": 2.0, "energy_kwh_training": 1.5, "co2e_kg_training": 0.75,
        "seconds_evaluation": 2.0, "energy_kwh_evaluation": 0.5, "co2e_kg_evaluation": 0.25,
    }  # fmt: skip


def test_what_nvml_said_is_a_metric_of_its_own():
    made = cost("training", gpu=1.0).model_copy(update={"nvml_kwh": 0.75})
    found = {name: value for name, value, _ in measurements(OLD.model_copy(update={"costs": (made,)}))}
    assert (found["nvml_kwh_training"], found["energy_kwh_training"]) == (0.75, 1.0)


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (cost("training", cpu=1.0, gpu=None), {"seconds_training", "seconds"}),
        (cost("training", None, cpu=1.0), {"seconds_training", "energy_kwh_training", "seconds", "energy_kwh"}),
    ],
    ids=["a figure is missing", "the carbon intensity is unknown"],
)
def test_what_is_not_known_of_the_energy_is_no_metric(made, names):
    bare = OLD.model_copy(update={"costs": (made,), "scores": {}, "validation": {}, "curves": {}})
    assert {name for name, _, _ in measurements(bare)} == names


def test_what_is_not_finite_is_left_out_and_keeps_the_epochs_of_the_rest(tracking):
    odd = outcome(scores={"auc": float("inf"), "f1": 0.5}, curves={"val_auc": [float("nan"), 0.8, float("-inf"), 0.9]})
    run = tracking.client.get_run(send(tracking, odd))
    assert run.data.metrics["test_f1"] == 0.5
    assert "test_auc" not in run.data.metrics
    history = tracking.client.get_metric_history(run.info.run_id, "val_auc")
    assert [(m.step, m.value) for m in history] == [(1, 0.8), (3, 0.9)]


def test_the_dataset_of_a_run_is_its_target_with_the_digest_of_its_data(tracking):
    run = tracking.client.get_run(send(tracking, outcome(facts={"data": "0123456789abcdef" * 4})))
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "breastmnist"
    assert len(given.dataset.digest) == 8  # as MLflow's own digests
    other = tracking.client.get_run(send(tracking, outcome(key="other", attempt="b2", facts={"data": "f" * 64})))
    assert other.inputs.dataset_inputs[0].dataset.digest != given.dataset.digest
    assert run.data.tags["cats.data"] == "0123456789abcdef" * 4
    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "evaluation"}


def test_a_pretraining_has_neither_dataset_nor_predictions_and_is_in_the_frame(tracking):
    names = {"source": "digits", "backbone": "test_resnet", "seed": "0"}
    record = OLD.model_copy(update={"kind": "pretraining", "names": names})
    run = tracking.client.get_run(send(tracking, Outcome(record)))
    assert run.inputs.dataset_inputs == []
    assert tracking.client.list_artifacts(run.info.run_id) == []
    assert tracking.frame().iloc[0][["kind", "source"]].tolist() == ["pretraining", "digits"]


def test_texts_longer_than_mlflow_takes_are_cut_and_not_refused(tracking):
    long = outcome(status="failed", reason="r" * 9000, settings={"lr": "x" * 9000}, environment={"hardware": "é" * 9000})
    run = tracking.client.get_run(send(tracking, long))
    assert run.info.status == "FAILED"
    assert run.data.tags["cats.reason"] == "r" * 8000
    assert len(run.data.params["lr"]) == 6000


def test_names_with_options_arrive_as_they_are(tracking):
    names = {"source": "digits[from=textures]", "target": "breastmnist[size=64]", "backbone": "net", "seed": "0"}
    run = tracking.client.get_run(send(tracking, outcome(names=names)))
    assert run.data.params["source"] == "digits[from=textures]"
    assert run.inputs.dataset_inputs[0].dataset.name == "breastmnist[size=64]"
    assert run.info.run_name == "digits[from=textures] → breastmnist[size=64] s0"


def test_more_runs_than_a_page_holds_are_all_found(tracking, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    for i in range(5):
        send(tracking, outcome(key=f"k{i}", attempt=f"a{i}"))
    assert finished_keys(tracking) == {f"k{i}" for i in range(5)}
    assert sorted(tracking.frame()["key"]) == [f"k{i}" for i in range(5)]


def test_runs_of_other_people_are_no_keys_and_not_in_the_frame(tracking):
    other = tracking.client.create_run(tracking.experiment_id)
    tracking.client.set_terminated(other.info.run_id, "FINISHED")
    assert finished_keys(tracking) == set()
    assert len(tracking.frame()) == 0


def test_what_mlflow_does_not_take_waits_in_the_outbox_and_the_next_delivery_sends_it_once(tracking, tmp_path, monkeypatch):
    box = Outbox(tmp_path / "box")
    for i in range(3):
        box.put(outcome(key=f"k{i}", attempt=f"a{i}"))
    real, sent = tracking.client.log_batch, []

    def away_after_one(run_id, *arguments):
        sent.append(run_id)
        if len(sent) > 1:
            raise MlflowException("the server went away\nand so on")
        real(run_id, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(tracking.client, "log_batch", away_after_one)
        with pytest.raises(CatsError, match="could not store a record: the server went away$"):
            Writer(tracking, box).deliver()
    assert len(list(box)) == 2
    assert Writer(tracking, box).deliver() == 2
    assert list(box) == []
    assert statuses(tracking) == ["FINISHED"] * 3


def test_an_experiment_that_is_deleted_meanwhile_is_one_sentence_and_loses_no_record(tracking, tmp_path):
    box = Outbox(tmp_path / "box")
    box.put(outcome())
    tracking.client.delete_experiment(tracking.experiment_id)
    with pytest.raises(CatsError, match="could not store a record: .*deleted") as caught:
        Writer(tracking, box).deliver()
    assert "\n" not in str(caught.value)
    assert len(list(box)) == 1


@pytest.mark.parametrize("act", [Experiment.frame, close_abandoned])
def test_a_database_that_breaks_later_is_one_sentence(tracking, act, caplog):
    caplog.set_level(logging.CRITICAL, "mlflow")  # it tells the whole traceback
    with sqlite3.connect("mlflow.db") as database:
        database.execute("DROP TABLE tags")
    database.close()
    with pytest.raises(CatsError, match="MLflow at sqlite:.* no such table: tags") as caught:
        act(tracking)
    assert "\n" not in str(caught.value)


def test_a_relative_database_stays_the_same_when_the_working_directory_changes(tracking, tmp_path, monkeypatch):
    here = Experiment("sqlite:///mlflow.db", "toy", create=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    send(here, outcome())
    assert finished_keys(tracking) == {"4f0c1ad2"}
    assert not (tmp_path / "elsewhere" / "mlflow.db").exists()


def test_an_experiment_is_found_again(tracking):
    send(tracking, outcome())
    again = Experiment(tracking.uri, "toy")
    assert again.experiment_id == tracking.experiment_id
    assert finished_keys(again) == {"4f0c1ad2"}


def test_records_of_one_experiment_do_not_show_in_another(tracking):
    send(tracking, outcome())
    assert finished_keys(Experiment(tracking.uri, "other")) == set()


def test_predictions_come_back_as_they_were_sent(tracking):
    found = tracking.predictions(send(tracking, outcome()))
    pd.testing.assert_frame_equal(found, TABLE)


def test_predictions_come_back_from_a_server_too(tracking, monkeypatch):
    run_id = send(tracking, outcome())
    monkeypatch.setattr(module, "local_folder", lambda *places: None)
    pd.testing.assert_frame_equal(tracking.predictions(run_id), TABLE)


@pytest.mark.parametrize("here", [True, False], ids=["this machine", "server"])
def test_predictions_of_validation_images_are_read_when_they_are_asked_for(tracking, monkeypatch, tmp_path, here):
    validation = TABLE.assign(sample=["c", "d"])
    run_id = send(tracking, Outcome(OLD, TABLE, validation))
    old = send(tracking, Outcome(OLD.model_copy(update={"key": "old", "attempt": "old"}), TABLE))
    if not here:
        monkeypatch.setattr(module, "local_folder", lambda *places: None)
        monkeypatch.setattr(reading_module, "local_folder", lambda *places: None)
    frame_of(tracking, tmp_path)
    test_images, validation_images = (
        predictions_of(tracking.uri, tracking.name, tmp_path, name) for name in (PREDICTIONS, VALIDATION_PREDICTIONS)
    )
    for _ in range(2):  # the second time from the cache
        pd.testing.assert_frame_equal(test_images(run_id), TABLE)
        pd.testing.assert_frame_equal(validation_images(run_id), validation)
        assert validation_images(old) is None


@pytest.mark.parametrize("here", [True, False], ids=["this machine", "server"])
def test_a_run_that_left_no_predictions_has_none(tracking, monkeypatch, here):
    run_id = send(tracking, outcome(status="failed", reason="no"))
    if not here:
        monkeypatch.setattr(module, "local_folder", lambda *places: None)
    assert tracking.predictions(run_id) is None


def test_predictions_that_cannot_be_read_are_one_sentence(tracking):
    run_id = send(tracking, outcome())
    path = Path(tracking.client.get_run(run_id).info.artifact_uri.removeprefix("file://")) / "predictions.parquet"
    path.write_bytes(b"no table")
    with pytest.raises(CatsError, match=f"the predictions of run {run_id} cannot be read from sqlite"):
        tracking.predictions(run_id)


def test_a_run_that_was_closed_while_its_record_waited_is_seen_as_done_as_soon_as_it_is_delivered(tracking, large):
    """Another driver, with another home, may have closed it; the snapshot has to notice that it has ended again."""
    for number in range(12):  # more than are read again at every look
        create_run(
            tracking, OLD.model_copy(update={"key": f"k{number}", "attempt": f"b{number}", "started": 1e9 + number / 1000})
        )
    assert close_abandoned(tracking) == 12
    assert finished_keys(tracking) == set()
    late = OLD.model_copy(update={"key": "k7", "attempt": "b7", "status": "finished"})
    send(tracking, Outcome(late))
    assert finished_keys(tracking) == {"k7"}
    assert ["cats.reason" in run.data.tags for run in tracking.runs("tags.`cats.key` = 'k7'")] == [False]


def test_two_who_make_one_experiment_at_once_both_have_it(tracking):
    assert tracking._created() == tracking.experiment_id
