"""An archive as a data set of the Hugging Face hub, on the disk and pushed to a server that answers as the hub does."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
from huggingface_hub import DatasetCard

from results.error import CatsError
from results.sharing.archive_reading import opened
from results.sharing.hub import write_data_set
from results.sharing.push import push, require_repository
from tests.support.shared import SEVERAL, archived, filled, outcome

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    failed = outcome(
        status="failed", reason="out of memory", scores={}, attempt="f", started=1_600_000_000.0, ended=1_600_000_001.0
    )
    tracking = filled(f"sqlite:///{folder}/mlflow.db", [*SEVERAL, failed])
    archived(tracking, folder / "toy.zip", plan="experiment: toy\n")
    with opened(folder / "toy.zip") as archive:
        write_data_set(archive, folder / "set", "CC-BY-4.0")
    return folder


def test_the_card_names_every_table(made):
    card = DatasetCard.load(made / "set" / "README.md")
    data = card.data.to_dict()
    assert (data["license"], data["pretty_name"]) == ("cc-by-4.0", "cats-bench: toy")
    assert data["size_categories"] == ["n<1K"]
    configs = {each["config_name"]: each["data_files"][0]["path"] for each in data["configs"]}
    assert set(configs) == {"runs", "board", "predictions-breastmnist"}
    assert [each["data_files"][0]["split"] for each in data["configs"]] == ["train", "train", "test"]
    assert {path.relative_to(made / "set").as_posix() for path in (made / "set").rglob("*.parquet")} == set(configs.values())
    assert [each["config_name"] for each in data["configs"] if each.get("default")] == ["runs"]


def test_the_tables_hold_the_runs(made):
    runs = pd.read_parquet(made / "set/data/runs.parquet")
    assert len(runs) == 5
    assert list(runs.columns[:9]) == ["key", "attempt", "kind", "status", "reason", "source", "target", "backbone", "seed"]
    done = runs[runs["status"] == "FINISHED"].set_index(["source", "seed"])["test_auc"]
    assert done.to_dict() == {("imagenet", "0"): 0.9, ("imagenet", "1"): 0.9, ("scratch", "0"): 0.8, ("scratch", "1"): 0.8}
    assert runs.loc[runs["status"] == "FAILED", "reason"].tolist() == ["out of memory"]
    assert json.loads(runs["settings"][0])["lr"] == "0.001"
    board = pd.read_parquet(made / "set/data/board.parquet")
    assert board[["target", "source", "rank"]].to_numpy().tolist() == [
        ["breastmnist", "imagenet", 1],
        ["breastmnist", "scratch", 2],
    ]
    given = pd.read_parquet(made / "set/data/predictions-breastmnist.parquet")
    one = given[(given["source"] == "scratch") & (given["seed"] == "1")].reset_index(drop=True)
    expected = outcome("scratch", 1).predictions
    assert one[list(expected.columns)].equals(expected)


def test_the_library_of_the_hub_loads_every_table(made, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_OFFLINE", True)
    folder = str(made / "set")
    names = datasets.get_dataset_config_names(folder)
    loaded = {name: datasets.load_dataset(folder, name, cache_dir=str(tmp_path)) for name in names}
    assert {name: {part: len(rows) for part, rows in parts.items()} for name, parts in loaded.items()} == {
        "runs": {"train": 5}, "board": {"train": 2}, "predictions-breastmnist": {"test": 60},
    }  # fmt: skip
    types = {kind.dtype for parts in loaded.values() for rows in parts.values() for kind in rows.features.values()}
    assert types <= {"large_string", "string", "int64", "float64", "timestamp[us, tz=UTC]", "timestamp[ms, tz=UTC]"}


CC = "https://creativecommons.org/licenses/by-nc-sa/4.0/"
OWN = "https://example.org/Our Licence"


@pytest.mark.parametrize(
    ("licence", "head"),
    [("", ("unknown", None, None)), ("our own", ("other", "our-own", "README.md")), ("MIT", ("mit", None, None)),
     (CC, ("cc-by-nc-sa-4.0", None, None)), (OWN, ("other", "example-org-our-licence", OWN))],
)  # fmt: skip
def test_a_licence_is_named_as_the_hub_names_it(made, tmp_path, licence, head):
    with opened(made / "toy.zip") as archive:
        write_data_set(archive, tmp_path, licence)
    data = DatasetCard.load(tmp_path / "README.md").data.to_dict()
    assert (data["license"], data.get("license_name"), data.get("license_link")) == head
    assert not licence or licence in (tmp_path / "README.md").read_text(encoding="utf-8")


def answer(path, body, got):
    """What the hub answers to a request for a new repository, to a list of files, and to a commit."""
    if path == "/api/repos/create":
        got["made"] = json.loads(body)
        return {"url": "https://huggingface.co/datasets/group/toy"}
    if "/preupload/" in path:
        names = [each["path"] for each in json.loads(body)["files"]]
        return {"files": [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]}
    if "/commit/" not in path:  # the hub also looks at the card before it takes it
        return {}
    for line in map(json.loads, body.splitlines()):
        if line["key"] == "file":
            got["files"][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
    return {"commitUrl": "https://huggingface.co/datasets/group/toy/commit/1", "commitOid": "1", "success": True}


@pytest.fixture
def hub(monkeypatch):
    """A server that takes a data set as the hub does, and what it has got: paths of requests, and files of the commit."""
    got = {"asked": [], "files": {}, "refuse": 0}

    class Hub(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            got["asked"].append((self.path, self.headers.get("Authorization")))
            if got["refuse"]:
                return self.say({"error": "no"}, got["refuse"])
            return self.say(answer(self.path, body, got))

        def do_GET(self):
            got["asked"].append((self.path, self.headers.get("Authorization")))
            self.say({"siblings": [], "sha": "1", "id": "group/toy"})

        def say(self, answer, status=200):
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_TOKEN", "secret-token")
    yield got
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_data_set_is_pushed_whole_and_private(made, hub):
    push(made / "set", "group/toy")
    assert (hub["made"]["name"], hub["made"]["type"]) == ("toy", "dataset")
    assert hub["made"].get("private") is True or hub["made"].get("visibility") == "private"
    held = {
        path.relative_to(made / "set").as_posix(): path.read_bytes() for path in (made / "set").rglob("*") if path.is_file()
    }
    assert hub["files"] == held
    assert {token for _, token in hub["asked"]} == {"Bearer secret-token"}


def test_a_hub_that_refuses_is_one_sentence_without_the_token(made, hub):
    hub["refuse"] = 403
    with pytest.raises(
        CatsError, match="the data set group/toy could not be pushed to the hub: it may not be written"
    ) as caught:
        push(made / "set", "group/toy")
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("name", ["toy", "a/b/c", "../x", "a/..", "a b/c", ""])
def test_a_name_that_is_no_repository_is_refused(name, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "x")
    with pytest.raises(CatsError, match="write OWNER/NAME"):
        require_repository(name)


def test_without_a_token_nothing_is_begun(monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(CatsError, match="nobody is logged in to the hub, as is needed to write"):
        require_repository("group/toy")
