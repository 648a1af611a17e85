"""Where a server says that artifacts lie, and what of it is believed."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results.error import CatsError
from results.tracking.artifacts import check_place, fetched, local_folder
from results.tracking.predictions import predictions_of
from results.tracking.snapshot import file_of

WEB = "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    "place",
    [
        "file:///etc", "/etc", "etc", "", "file://host/etc", "http://elsewhere/x", "https://127.0.0.1:5000/x", "ftp://me@host/x",
        "mlflow-artifacts://elsewhere/1", "mlflow-artifacts://127.0.0.1:5001/1", "dbfs:/x", "runs:/1/x", "models:/x/1", "r2://b/x",
    ],
)  # fmt: skip
def test_a_server_of_the_web_cannot_point_to_files_of_this_machine_or_to_another_host(place):
    with pytest.raises(CatsError, match="MLflow at http://127.0.0.1:5000 puts artifacts at .*, which is outside the server"):
        check_place(WEB, place)


@pytest.mark.parametrize("place", ["mlflow-artifacts:/1/a/artifacts", "mlflow-artifacts://127.0.0.1:5000/1", "s3://bucket/1"])
def test_a_server_of_the_web_keeps_artifacts_itself_or_in_an_object_store(place):
    check_place(WEB, place)
    assert local_folder(WEB, place) is None


@pytest.mark.parametrize("uri", [WEB, "sqlite:///mlflow.db", "postgresql://host/db"])
@pytest.mark.parametrize(
    "place", ["mlflow-artifacts:/1/../../etc", "s3://bucket/../x", "/home/%2e%2e/x", "file:///a/..%2Fx", "/a\\..\\x"]
)
def test_no_path_leads_upwards(uri, place):
    with pytest.raises(CatsError, match=r"a path that contains \.\. is refused"):
        check_place(uri, place)


class Repository:
    """One that brings whatever it likes."""

    def __init__(self, brings):
        self.brings = brings

    def download_artifacts(self, path, folder):
        return str(self.brings)


@pytest.mark.parametrize(
    "brought", ["outside/predictions.parquet", "folder/other.parquet", "folder", "folder/link/predictions.parquet"]
)
def test_a_file_outside_or_under_another_name_is_not_read(tmp_path, monkeypatch, brought):
    for name in ("outside", "folder"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "predictions.parquet").touch()
    (tmp_path / "folder" / "other.parquet").touch()
    monkeypatch.setattr("results.tracking.artifacts.repository", lambda *_: Repository(tmp_path / brought))
    with pytest.raises(CatsError, match="the file is not read"):
        fetched(WEB, "mlflow-artifacts:/1", "predictions.parquet", tmp_path / "folder")


@pytest.mark.parametrize("run_id", ["../../secret", "/etc/secret", "a/b", "..", ""])
def test_a_run_id_never_becomes_a_path(tmp_path, run_id):
    secret = pa.table({"sample": ["a"]})
    pq.write_table(secret, tmp_path / "secret.parquet")
    with pytest.raises(CatsError, match="which is not a valid run id; the run is not read"):
        predictions_of(WEB, "toy", tmp_path / "snapshots")(run_id)


def test_a_snapshot_of_a_web_server_does_not_lead_to_files_of_this_machine(tmp_path):
    """The server said so when the snapshot was written."""
    pq.write_table(pa.table({"sample": ["a"]}), tmp_path / "predictions.parquet")
    file = file_of(tmp_path, WEB, "toy")
    file.parent.mkdir()
    pq.write_table(pa.table({"run_id": ["r1"], "artifacts": [f"file://{tmp_path}"]}), file)
    with pytest.raises(CatsError, match="which is outside the server"):
        predictions_of(WEB, "toy", tmp_path)("r1")
