"""Against a real sqlite MLflow."""

from pathlib import Path

import pandas as pd
import pytest

from results.error import CatsError
from results.outbox import Outbox
from results.record import Outcome, Record
from results.tracking import NoExperimentError, Tracking

OLD = Record.model_validate_json((Path(__file__).parents[1] / "assets" / "record-v1.json").read_text())
TABLE = pd.DataFrame({"sample": ["a", "b"], "label": [0, 1], "probability_no": [0.2, 0.7]})


@pytest.fixture
def tracking(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Tracking(f"sqlite:///{tmp_path}/mlflow.db", "toy")


def outcome(**changes):
    record = OLD.model_copy(update=changes)
    return Outcome(record, TABLE if record.status == "finished" else None)


def statuses(tracking):
    return sorted(run.info.status for run in tracking.runs())


def test_a_record_becomes_one_run_with_everything_in_it(tracking):
    run = tracking.client.get_run(tracking.send(outcome()))
    assert run.info.status == "FINISHED"
    assert (run.info.start_time, run.info.end_time) == (1700000000000, 1700000002500)
    assert run.data.tags["cats.key"] == "4f0c1ad2"
    assert run.data.tags["cats.torch"] == "2.13.0"
    assert run.data.params["source"] == "imagenet"
    assert run.data.params["lr"] == "0.001"
    assert run.data.metrics["test_auc"] == 0.9
    assert "test_kappa" not in run.data.metrics  # not a number is not a score
    assert [m.value for m in tracking.client.get_metric_history(run.info.run_id, "curve_val_auc")] == [0.7, 0.8]
    assert run.data.metrics["seconds_training"] == 2.5
    assert "energy_kwh_training" not in run.data.metrics  # a part of it is missing
    assert run.inputs.dataset_inputs[0].dataset.name == "breastmnist"
    assert run.inputs.dataset_inputs[0].dataset.digest == "d1"
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "predictions.parquet"), TABLE)


def test_one_log_batch_per_cell_and_more_only_above_mlflows_limit(tracking, monkeypatch):
    calls = []
    real = tracking.client.log_batch
    monkeypatch.setattr(tracking.client, "log_batch", lambda *a, **k: (calls.append(len(a[1])), real(*a, **k)))
    tracking.send(outcome())
    assert len(calls) == 1
    tracking.send(outcome(key="long", attempt="a2", curves={"val_auc": [0.5] * 2300}))
    assert len(calls) == 4
    run = next(run for run in tracking.runs("tags.`cats.key` = 'long'"))
    assert len(tracking.client.get_metric_history(run.info.run_id, "curve_val_auc")) == 2300


def test_sending_twice_gives_one_run(tracking):
    assert tracking.send(outcome()) == tracking.send(outcome())
    assert statuses(tracking) == ["FINISHED"]


def test_a_run_that_died_while_it_was_written_is_completed(tracking, monkeypatch):
    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tracking.client, "log_batch", die)
        tracking.send(outcome())
    assert statuses(tracking) == ["RUNNING"]
    tracking.send(outcome())
    assert statuses(tracking) == ["FINISHED"]
    assert tracking.finished_keys() == {"4f0c1ad2"}


def test_an_abandoned_run_is_closed_with_its_reason(tracking):
    tracking._create(OLD, 0)
    assert tracking.close_abandoned() == 1
    assert statuses(tracking) == ["KILLED"]
    assert tracking.close_abandoned() == 0


def test_other_peoples_running_runs_are_left_alone(tracking):
    tracking.client.create_run(tracking.experiment_id)
    assert tracking.close_abandoned() == 0
    assert statuses(tracking) == ["RUNNING"]


def test_a_key_is_finished_once_also_when_two_attempts_made_it(tracking):
    tracking.send(outcome())
    second = tracking.client.get_run(tracking.send(outcome(attempt="a2")))
    assert second.info.status == "KILLED"
    assert second.data.tags["cats.reason"] == "the same key had been finished by another attempt"


@pytest.mark.parametrize(("status", "shown"), [("failed", "FAILED"), ("interrupted", "KILLED")])
def test_attempts_that_did_not_finish_keep_their_reason_and_leave_the_key_open(tracking, status, shown):
    run = tracking.client.get_run(tracking.send(outcome(status=status, reason="because")))
    assert (run.info.status, run.data.tags["cats.reason"]) == (shown, "because")
    assert tracking.finished_keys() == set()
    tracking.send(outcome(attempt="a2"))
    assert tracking.finished_keys() == {"4f0c1ad2"}


def test_delivery_empties_the_outbox(tracking, tmp_path):
    box = Outbox(tmp_path / "box")
    box.put(outcome())
    box.put(outcome(attempt="a2", key="k2"))
    assert tracking.deliver(box) == 2
    assert list(box) == []
    assert tracking.finished_keys() == {"4f0c1ad2", "k2"}


def test_the_frame_gives_settings_and_metrics_their_own_columns(tracking):
    tracking.send(outcome())
    row = tracking.frame().iloc[0]
    assert (row["source"], row["lr"], row["test_auc"], row["status"], row["kind"]) == (
        "imagenet",
        "0.001",
        0.9,
        "FINISHED",
        "cell",
    )
    assert row["costs"][0]["energy"]["gpu"] == {"kwh": None, "provenance": "missing"}


def test_a_missing_experiment_is_not_made_by_reading(tracking):
    with pytest.raises(NoExperimentError, match="no experiment 'tol' on sqlite:.*; there are .*toy"):
        Tracking(tracking.uri, "tol", create=False)


def test_a_deleted_experiment_is_named(tracking):
    tracking.client.delete_experiment(tracking.experiment_id)
    with pytest.raises(CatsError, match="experiment 'toy' on .* was deleted; restore it in MLflow"):
        Tracking(tracking.uri, "toy")


def test_a_server_that_does_not_answer_is_one_sentence(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    with pytest.raises(CatsError, match="MLflow at http://127.0.0.1:9 cannot be used: ") as caught:
        Tracking("http://127.0.0.1:9", "toy")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("uri", ["nonsense://x", "sqlite:////dev/null/mlflow.db"])
def test_a_wrong_address_is_one_sentence(uri):
    with pytest.raises(CatsError, match="cannot be used: ") as caught:
        Tracking(uri, "toy")
    assert "\n" not in str(caught.value)
