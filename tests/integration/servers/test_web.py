"""`mlflow server` over HTTP with users: the same boards as sqlite, predictions through it, and no trust in where it points."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import requests
from mlflow import MlflowClient

from benchmark.cli.export import SERVED
from results.error import CatsError
from results.record import Outcome
from results.tracking.artifacts import upload
from results.tracking.connection import FAILURES, reason_of
from results.tracking.experiment import Experiment
from results.tracking.lease import Lease
from results.tracking.outbox import Outbox
from results.tracking.permission import write_refusal
from results.tracking.predictions import predictions_of
from results.tracking.registry import Registry, Version
from results.tracking.send import send
from results.tracking.snapshot import frame_of, unchanged
from results.tracking.writer import Writer
from tests.integration.servers.records import board_of, records, run_of_the_cell, same_frame, send_all
from tests.support.kept_models import kept_model
from tests.support.servers import PASSWORD

pytestmark = pytest.mark.server

TABLE = pd.DataFrame({"sample": ["a", "b"], "label": [0, 1], "probability_no": [0.2, 0.7]})


def put(web, column, value, run_id):
    """What only the server, or a user who has got into it, can do."""
    with closing(sqlite3.connect(web.folder / "mlflow.db")) as database, database:
        database.execute(f"UPDATE runs SET {column} = ? WHERE run_uuid = ?", (value, run_id))


def test_the_same_records_give_the_same_frame_and_board_as_sqlite(user, tmp_path, capfd):
    web, local = Experiment(user.uri, "boards"), Experiment(f"sqlite:///{tmp_path}/mlflow.db", "boards")
    for one in (web, local):
        send_all(one)
    same_frame(web.frame(), local.frame())
    assert board_of(web) == board_of(local)
    assert unchanged(Path("snapshots"), user.uri, "boards") is None
    assert capfd.readouterr().out == ""  # MLflow would print the addresses of runs


def test_predictions_are_kept_by_the_server_and_fetched_once(user, tmp_path, monkeypatch):
    tracking = Experiment(user.uri, "kept")
    run_id = send(tracking, Outcome(records()[0], TABLE))
    assert len(list((user.folder / "artifacts").rglob(f"{run_id}/**/predictions.parquet"))) == 1
    read = predictions_of(user.uri, "kept", tmp_path)
    frame_of(tracking, tmp_path)
    pd.testing.assert_frame_equal(read(run_id), TABLE)
    monkeypatch.setattr(Experiment, "predictions", None)  # a second question to the server fails
    pd.testing.assert_frame_equal(predictions_of(user.uri, "kept", tmp_path)(run_id), TABLE)


@pytest.mark.parametrize(
    "place", ["file://{folder}", "{folder}", "mlflow-artifacts:/../{folder}", "mlflow-artifacts://elsewhere/1"]
)
def test_a_run_that_points_to_this_machine_or_elsewhere_is_neither_read_nor_written(user, tmp_path, place):
    (tmp_path / "secret").mkdir()
    TABLE.to_parquet(tmp_path / "secret" / "predictions.parquet")
    (tmp_path / "secret" / "weights").mkdir()
    (tmp_path / "secret" / "weights" / "weights.safetensors").write_bytes(b"secret")
    tracking = Experiment(user.uri, tmp_path.name)
    run_id = send(tracking, Outcome(records()[0], TABLE))
    put(user, "artifact_uri", place.format(folder=tmp_path / "secret"), run_id)
    for read in (tracking.predictions, predictions_of(user.uri, tmp_path.name, tmp_path / "snapshots")):
        with pytest.raises(CatsError, match="puts artifacts at"):
            read(run_id)
    frame_of(tracking, tmp_path / "snapshots", fresh=True)
    with pytest.raises(CatsError, match="puts artifacts at"):
        predictions_of(user.uri, tmp_path.name, tmp_path / "snapshots")(run_id)
    put(user, "status", "RUNNING", run_id)  # half-written: it would be completed
    with pytest.raises(CatsError, match="puts artifacts at"):
        send(tracking, Outcome(records()[0], TABLE.head(1)))
    assert len(pd.read_parquet(tmp_path / "secret" / "predictions.parquet")) == 2
    registry = Registry(user.uri)
    with pytest.raises(CatsError, match="puts artifacts at"):
        registry.download(Version("mine", "1", run_id, {}), tmp_path)
    with pytest.raises(CatsError, match="puts artifacts at"):
        registry.publish("other", run_id, tmp_path / "secret" / "predictions.parquet", "{}", {"cats.key": "k"})
    left = sorted(path.name for path in (tmp_path / "secret").rglob("*"))
    assert left == ["predictions.parquet", "weights", "weights.safetensors"]


def test_an_experiment_whose_artifacts_lie_on_this_machine_takes_no_new_records(user, tmp_path):
    tracking = Experiment(user.uri, "pointing")
    with closing(sqlite3.connect(user.folder / "mlflow.db")) as database, database:
        database.execute("UPDATE experiments SET artifact_location = ? WHERE name = 'pointing'", (str(tmp_path),))
    with pytest.raises(CatsError, match="which is outside the server; start the server with --serve-artifacts"):
        Experiment(user.uri, "pointing")
    assert len(tracking.frame()) == 0
    assert len(Experiment(user.uri, "pointing", create=False).frame()) == 0


@pytest.mark.parametrize("known", [None, ("admin", "s3cr3t-but-wrong"), ("nobody", PASSWORD)], ids=["none", "password", "user"])
def test_a_server_that_does_not_know_one_is_one_sentence_and_the_records_wait(web, cats, tmp_path, monkeypatch, known):
    from benchmark.execution.records import outbox_of
    from tests.integration.servers.records import PLAN

    for name, value in zip(("USERNAME", "PASSWORD"), known or (), strict=False):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    wrong = (
        f"does not know user '{known[0]}' with this password; correct" if known else "requires a valid user and password; set"
    )
    (tmp_path / "small.yaml").write_text(PLAN)
    box = outbox_of(web.uri, "small")
    box.put(Outcome(records()[0]))
    for command in ("sync", "run", "board"):
        code, out, err = cats(command, "small.yaml", "--tracking-uri", web.uri)
        assert (code, out) == (2, "")
        waits = "; 1 record still waits in the outbox" if command == "sync" else ""
        assert err == (
            f"cats: MLflow at {web.uri} cannot be used: the server {wrong} MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD{waits}\n"
        )
    assert len(list(box)) == 1


def administer(server, route, **what):
    """What `mlflow.server.get_app_client` asks; to import that takes long."""
    made = requests.post(f"{server.uri}/api/{route}", json=what, auth=("admin", PASSWORD), timeout=60)
    assert made.status_code == 200, made.text


def test_a_person_who_may_only_read_an_experiment_sees_it_and_his_records_wait(user, cats, tmp_path, monkeypatch):
    """Until an administrator gives the permission that the sentence names."""
    tracking = Experiment(user.uri, "owned")
    run_id = send(tracking, Outcome(records()[0], TABLE))
    administer(user, "2.0/mlflow/users/create", username="reader", password=PASSWORD)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "reader")
    reader = Experiment(user.uri, "owned")
    assert list(reader.frame()["key"]) == [records()[0].key]
    assert write_refusal(user.uri, "not there yet") == ""
    box = Outbox(tmp_path / "box")
    box.put(Outcome(records()[1]))
    missing = (
        "the server refuses user 'reader' (403) in experiment 'owned'; ask its owner or an administrator for the "
        "permission {} (docs/group_server.md)"
    )
    edit = missing.format("EDIT")
    with pytest.raises(CatsError) as caught, Lease(reader, box, pytest.fail):
        pass
    assert str(caught.value) == f"MLflow at {user.uri} cannot be written: {edit}" == write_refusal(user.uri, "owned")
    (tmp_path / "owned.yaml").write_text("sources: [scratch]\ntargets: [digits]\nbackbones: [test_resnet]\n")
    planned = ("plan", "owned.yaml", "--tracking-uri", user.uri)
    code, _, err = cats(*planned)
    assert code == 2
    assert err.endswith(f"cats: `cats run` will not start:\nMLflow at {user.uri} cannot be written: {edit}\n")
    with pytest.raises(CatsError) as caught:
        Writer(reader, box).deliver()
    assert str(caught.value) == f"MLflow at {user.uri} could not store a record: {edit}"
    assert len(list(box)) == 1
    (tmp_path / "note.json").write_text("{}")
    with pytest.raises(FAILURES) as refused:
        upload(user.uri, reader.client.get_run(run_id).info.artifact_uri, tmp_path / "note.json")
    assert reason_of(refused.value, "owned") == edit
    with pytest.raises(FAILURES) as refused:
        reader.client.delete_run(run_id)
    assert reason_of(refused.value, "owned") == missing.format("MANAGE")
    granted = {"resource_type": "experiment", "resource_id": tracking.experiment_id, "permission": "EDIT"}
    administer(user, "3.0/mlflow/users/permissions/grant", username="reader", **granted)
    assert write_refusal(user.uri, "owned") == ""
    assert "cannot be written" not in cats(*planned)[2]
    with Lease(reader, box, pytest.fail) as lease:
        assert Writer(reader, box, lease).deliver() == 1


def test_a_registered_model_of_another_person_is_named_and_its_owner_may_give_the_permission(user, tmp_path, monkeypatch):
    tracking = Experiment(user.uri, "classifiers")
    run_id = send(tracking, Outcome(records()[0]))
    folder = tmp_path / "classifier"
    folder.mkdir()
    (folder / "MLmodel").write_text("{}")

    def publish(digest):
        return Registry(user.uri).publish_folder("chest", run_id, folder, {"cats.manifest": digest})

    for name in ("owner", "writer"):
        administer(user, "2.0/mlflow/users/create", username=name, password=PASSWORD)
        granted = {"resource_type": "experiment", "resource_id": "*", "permission": "EDIT"}
        administer(user, "3.0/mlflow/users/permissions/grant", username=name, **granted)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "owner")
    assert str(publish("a" * 64)) == "models:/chest/1"
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "writer")
    with pytest.raises(CatsError) as caught:
        publish("b" * 64)
    assert str(caught.value) == (
        f"MLflow at {user.uri} could not store the classifier chest: the server refuses user 'writer' (403) for the registered "
        "model 'chest'; ask its owner or an administrator for the permission EDIT (docs/group_server.md)"
    )
    granted = {"resource_type": "registered_model", "resource_id": "chest", "permission": "EDIT"}
    made = requests.post(
        f"{user.uri}/api/3.0/mlflow/users/permissions/grant", json={"username": "writer", **granted}, auth=("owner", PASSWORD),
        timeout=60,
    )  # fmt: skip
    assert made.status_code == 200, made.text
    assert str(publish("b" * 64)) == "models:/chest/2"


@pytest.mark.slow
def test_a_web_server_keeps_the_whole_folder(web, user, cats, tmp_path):
    run_of_the_cell("0" * 64, web.uri)
    kept_model(tmp_path / "m")
    code, out, err = cats("register", "m", "--name", "spots", "--tracking-uri", web.uri)
    assert (code, err) == (0, "")
    assert out == f"m is models:/spots/1 on {web.uri}; next: mlflow models serve -m models:/spots/1 {SERVED}\n"
    version = MlflowClient(web.uri).get_model_version("spots", "1")
    listed = {each.path for each in MlflowClient(web.uri).list_artifacts(version.run_id, version.source.split("/", 2)[2])}
    assert {path.rsplit("/", 1)[1] for path in listed} >= {"MLmodel", "artifacts", "code", "served_script.py"}
