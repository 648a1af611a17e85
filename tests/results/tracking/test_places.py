"""A database that names a host of a stranger for artifacts gets no name, no password and no file, and nothing is read."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.record import Outcome
from results.tracking.artifacts import PlaceError, check_place, local_folder, upload
from results.tracking.connection import quiet
from results.tracking.experiment import Experiment
from results.tracking.log_report import log_page
from results.tracking.outbox import Outbox
from results.tracking.predictions import predictions_of
from results.tracking.registry import FACTS, FOLDER, WEIGHTS, Registry, Version
from results.tracking.send import send
from results.tracking.snapshot import frame_of
from results.tracking.writer import Writer
from tests.support.odd_servers import says, server
from tests.support.records import OLD

TABLE = pd.DataFrame({"sample": ["a", "b"], "label": [0, 1], "probability_no": [0.2, 0.7]})
MANIFEST = {"cats.manifest": "0" * 64}
DATABASES = ["sqlite:////data/mlflow.db", "postgresql://me:secret@host/db", "mysql+pymysql://host/db"]
STRANGERS = [
    "http://elsewhere/x", "https://elsewhere:8443/x", "HTTP://elsewhere/x", "http:/elsewhere/x", "mlflow-artifacts:/1/a",
    "mlflow-artifacts://elsewhere/1", "ftp://me@host/x", "sftp://host/x", "hdfs://host/x", "viewfs://host/x", "r2://b@host/x",
    "b2://b@host/x", "dbfs:/x", "dbfs://profile@databricks/x", "runs:/1/x", "models:/x/1", "file://host/share", "//host/share",
    "\\\\host\\share", "/\\host\\share", "file:////host/share", "", "http://[::1", "s3:///x", "s3://me@host/x", "gs://a b/x",
    "abfss://c@account.elsewhere/x", "abfss://c@dfs.core.windows.net.elsewhere/x", "abfss://c@account.dfs.core.windows.net:80@e/x",
    "abfss://account.dfs.core.windows.net/x", "wasbs://c@account.blob.elsewhere/x", "abfs://c@account.dfs.core.windows.net/x",
    "wasb://c@account.blob.core.windows.net/x", "smb://host/share", "nfs://host/x", "azureml://x", "hf://a/b", "data:x",
]  # fmt: skip
TRUSTED = [
    "s3://bucket/1", "gs://my-bucket/1", "abfss://c@account.dfs.core.windows.net/1", "abfss://c@a.privatelink.dfs.core.windows.net/1",
    "abfss://w@onelake.dfs.fabric.microsoft.com/1", "wasbs://c@account.blob.core.windows.net/1",
    "wasbs://c@account.blob.core.chinacloudapi.cn/1",
]  # fmt: skip


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("place", STRANGERS)
def test_a_database_points_to_no_other_host(database, place):
    for look in (check_place, local_folder):
        with pytest.raises(PlaceError, match="puts artifacts at") as caught:
            look(database, place)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tracking", [*DATABASES, "http://127.0.0.1:5000"])
@pytest.mark.parametrize("place", TRUSTED)
def test_an_object_store_is_trusted(tracking, place):
    assert local_folder(tracking, place) is None


@pytest.mark.parametrize(
    ("place", "folder"),
    [
        ("/data/mlruns/1", "/data/mlruns/1"), ("mlruns/1", "mlruns/1"), ("file:///data/a%20b", "/data/a b"),
        ("file://localhost/data/x", "/data/x"), ("/data/a?b/1", "/data/a?b/1"), ("/data/a#b/1", "/data/a#b/1"),
        ("file:///data/a%3Fb%23c%25d", "/data/a?b#c%d"), ("/data/ä ö/1", "/data/ä ö/1"), ("file:mlruns/1", "mlruns/1"),
    ],
)  # fmt: skip
def test_folders_of_this_machine_are_those_that_mlflow_means(place, folder):
    from mlflow.utils.file_utils import local_file_uri_to_path

    assert local_folder("sqlite:////data/mlflow.db", place) == Path(folder) == Path(local_file_uri_to_path(place))


@pytest.fixture
def stranger(monkeypatch):
    """A server of a stranger, and this user's name, password and token where MLflow looks for them."""
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "mine")
    with server(says(200, b"{}", Content_Type="application/json")) as made:
        yield made
        assert made.asked == []


def change(tracking, statement, *values):
    with closing(sqlite3.connect(tracking.uri.removeprefix("sqlite:///"))) as database, database:
        database.execute(statement, values)


def folder_of_classifier(place):
    folder = place / "classifier"
    folder.mkdir()
    (folder / "MLmodel").write_text("{}")
    return folder


def test_every_way_to_artifacts_is_closed(tracking, stranger, tmp_path):
    sent = send(tracking, Outcome(OLD, TABLE))
    weights = tmp_path / "own.safetensors"
    weights.write_bytes(b"weights")
    registry, tags, classifier = Registry(tracking.uri), {"cats.key": "k"}, folder_of_classifier(tmp_path)
    version = registry.publish("mine", sent, weights, "{}", tags)
    registry.publish_folder("ours", sent, classifier, MANIFEST)
    change(tracking, "UPDATE runs SET artifact_uri = ?", f"{stranger.url}/1")
    change(tracking, "UPDATE experiments SET artifact_location = ?", stranger.url)
    read = predictions_of(tracking.uri, tracking.name, tmp_path / "snapshots")
    frame_of(tracking, tmp_path / "snapshots", fresh=True)
    box = Outbox(tmp_path / "box")
    box.put(Outcome(OLD.model_copy(update={"key": "n", "attempt": "n"}), TABLE))
    ways = [
        lambda: tracking.predictions(sent), lambda: read(sent), lambda: registry.download(version, tmp_path),
        lambda: registry.download(Version("other", "1", sent, {}), tmp_path),
        lambda: registry.publish("mine", sent, weights, "{}", tags),  # published before; nobody can fetch it now
        lambda: registry.publish("other", sent, weights, "{}", tags), lambda: Experiment(tracking.uri, tracking.name),
        lambda: registry.publish_folder("ours", sent, classifier, MANIFEST),
        lambda: registry.publish_folder("other", sent, classifier, MANIFEST),
        lambda: Writer(tracking, box).deliver(), lambda: log_page(tracking, "<p>"),
    ]  # fmt: skip
    for way in ways:
        with pytest.raises(PlaceError, match="which is neither a folder of this machine nor an object store"):
            way()
    assert len(list(box)) == 1
    assert not {"other"} & set(registry.names())


@pytest.mark.parametrize("what", ["weights", "classifier"])
def test_what_the_registry_refuses_is_one_sentence_that_names_it(tracking, tmp_path, monkeypatch, what):
    def refuses(*_, **__):
        raise MlflowException("the disk is full\nmore")

    sent, registry, folder = send(tracking, Outcome(OLD)), Registry(tracking.uri), folder_of_classifier(tmp_path)
    monkeypatch.setattr(registry.client, "create_model_version", refuses)
    publish = {
        "weights": lambda: registry.publish("mine", sent, folder / "MLmodel", "{}", {"cats.key": "k"}),
        "classifier": lambda: registry.publish_folder("mine", sent, folder, MANIFEST),
    }
    with pytest.raises(CatsError, match=f"could not store the {what} mine: the disk is full$"):
        publish[what]()


def test_weights_on_this_machine_are_published_and_fetched(tracking, tmp_path):
    sent = send(tracking, Outcome(OLD))
    weights = tmp_path / "own.safetensors"
    weights.write_bytes(b"weights")
    registry = Registry(tracking.uri)
    version = registry.publish("mine", sent, weights, "{}", {"cats.key": "k"})
    assert registry.publish("mine", sent, weights, "{}", {"cats.key": "k"}) == version
    (tmp_path / "fetched").mkdir()
    assert registry.download(version, tmp_path / "fetched").read_bytes() == b"weights"
    kept = local_folder(tracking.uri, str(tracking.client.get_run(sent).info.artifact_uri))
    assert sorted(path.name for path in (kept / FOLDER).iterdir()) == [FACTS, WEIGHTS]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}/x", "https://elsewhere/x", "//127.0.0.1:{port}/x"])
def test_a_web_server_that_leads_elsewhere_is_not_followed(stranger, code, where):
    target = where.format(port=stranger.server_port)
    with server(says(code, Location=target)) as leading:
        for way in (lambda: Experiment(leading.url, "toy"), lambda: Registry(leading.url)):
            with pytest.raises(
                CatsError, match=rf"the server leads to {target}, where no name, no password and no record is sent"
            ):
                way()
        assert all("Basic" in headers["Authorization"] for _, _, headers, _ in leading.asked)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["a?b", "a%20b", "a%41b", "100%", "a#b", "a b", "ä", "a%3Fb", "?", "%", "a?b..c", "a&b=c", "a;b", "a:b@c"]
)
def test_a_folder_of_any_name_holds_database_and_artifacts(empty, tmp_path, monkeypatch, name):
    here = tmp_path / name
    here.mkdir()
    shutil.copy(empty, here / "mlflow.db")
    monkeypatch.chdir(here)
    tracking = Experiment("sqlite:///mlflow.db", "toy")
    sent = send(tracking, Outcome(OLD, TABLE))
    assert len(list(here.rglob("predictions.parquet"))) == 1
    frame_of(tracking, tmp_path / "snapshots")
    for read in (tracking.predictions, predictions_of(tracking.uri, "toy", tmp_path / "snapshots")):
        pd.testing.assert_frame_equal(read(sent), TABLE)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "snapshots"])
    assert sorted(path.name for path in here.iterdir()) == ["mlflow.db", "mlruns"]


@pytest.mark.parametrize("name", ["a?b", "a%20b", "a b#c"])
def test_a_new_database_is_made_in_a_folder_of_any_name(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    Experiment(f"sqlite:///{name}/mlflow.db", "toy")
    assert [path.name for path in (tmp_path / name).iterdir()] == ["mlflow.db"]
    assert Experiment(f"sqlite:///{tmp_path}/{name}/mlflow.db", "toy", create=False).experiment_id
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_an_address_in_the_syntax_of_sqlite_leaves_no_folder_of_its_name(tracking, tmp_path):
    Experiment(f"sqlite:///file:{tmp_path}/mlflow.db?mode=ro&uri=true", "toy", create=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def listing(size):
    """The answer of a server that has a file of this size."""
    content = json.dumps({"files": [{"path": "predictions.parquet", "is_dir": False, "file_size": size}]}).encode()
    return says(200, content, Content_Type="application/json")


@pytest.mark.parametrize(
    ("put", "get", "kept"),
    [
        (307, says(307, Location="/x"), False), (308, listing(3), False), (302, says(200, b"<html>"), False),
        (200, listing(3), False), (200, says(200, b"{}"), False), (200, says(200, b'{"files": []}'), False),
        (204, listing(7), True), (200, listing(7), True),
    ],
)  # fmt: skip
def test_a_file_that_a_web_server_does_not_keep_is_not_sent(stranger, tmp_path, put, get, kept):
    """The stranger is where the server leads to."""
    quiet()
    file = tmp_path / "predictions.parquet"
    file.write_bytes(b"7 bytes")

    def reply(request):
        (says(put, Location=stranger.url) if request.command == "PUT" else get)(request)

    with server(reply) as made:
        if kept:
            upload(made.url, "mlflow-artifacts:/1", file)
        else:
            with pytest.raises(CatsError, match=r"has not kept predictions.parquet, which was sent to it"):
                upload(made.url, "mlflow-artifacts:/1", file)
        assert [asked[0] for asked in made.asked] == ["PUT", "GET"]
