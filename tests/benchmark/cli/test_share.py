"""`cats archive`, `cats merge` and `cats diff`, from an experiment to files and back."""

import io
import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

from benchmark.cli import counts
from benchmark.execution.records import outbox_of
from results.record import PREDICTIONS, VALIDATION_PREDICTIONS
from results.text import counting
from results.text.identifiers import are_digests
from results.tracking.experiment import Experiment
from tests.support.drawings import draw_once
from tests.support.shared import SEVERAL, filled, outcome

pytestmark = pytest.mark.slow
OURS = "sqlite:///mlflow.db"
CLINIC = outcome().record.names | {"target": "clinic"}  # which has no entry here, and so counts as private


@pytest.fixture
def toy(cats, monkeypatch):
    draw_once(monkeypatch)
    return filled(OURS, SEVERAL)


def held(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_takes_long_at_a_slow_server_is_counted(cats, toy, monkeypatch):
    """Here every number is shown; else the first after 20 seconds, or after one at a terminal."""
    for module, name in ((counts, "SHORT"), (counts, "EVERY"), (counting, "SELDOM")):
        monkeypatch.setattr(module, name, 0)
    told = cats("archive", "toy")[2]
    for what in ("reading predictions of toy/breastmnist", "reading curves", "reading runs"):
        assert f"{what}: 4 of 4, " in told, what
    assert "merging toy.zip: 4 of 4, " in cats("merge", "toy.zip", "--tracking-uri", "sqlite:///b.db")[2]
    assert "reading runs: 4 of 4, " in cats("merge", "mlflow.db", "--tracking-uri", "sqlite:///c.db")[2]
    for number in range(3):
        outbox_of(OURS, "toy").put(outcome(seed=10 + number))
    assert "sending records: 3 of 3, " in cats("sync", "toy")[2]


def test_an_archive_goes_to_another_database_and_back(cats, toy):
    code, out, err = cats("archive", "toy", "--author", "Ada Example", "--licence", "CC-BY-4.0", "--output", "deep/a.zip")
    assert (code, err) == (0, "")
    assert out.startswith("deep/a.zip: 0.")
    assert out.endswith(" 4 attempts, 13 files\n")
    files = held("deep/a.zip")
    assert yaml.safe_load(files["CITATION.cff"])["license"] == "CC-BY-4.0"
    assert b"<!DOCTYPE html>" in files["report.html"]
    assert json.loads(files["board.json"])["basis"][0]["data"] == ["d1"]
    assert json.loads(files["versions.json"])["runs"]["torch"] == ["2.13.0"]
    assert b"@misc{cats-breastmnist," in files["references.bib"]
    code, out, err = cats("merge", "deep/a.zip", "--tracking-uri", "sqlite:///b.db")
    assert (code, out, err) == (0, "deep/a.zip into toy on sqlite:///b.db: 4 added, 0 existed already\n", "")
    code, out, err = cats("merge", "deep/a.zip", "mlflow.db", "--tracking-uri", "sqlite:///b.db")
    assert [line.partition(": ")[2] for line in out.splitlines()] == ["0 added, 4 existed already"] * 2
    code, out, _ = cats("diff", "deep/a.zip", "toy", "--tracking-uri", "sqlite:///b.db")
    assert code == 0
    assert "deep/a.zip and toy show the same ranks, ties and figures" in " ".join(out.split())
    cats(
        "archive",
        "toy",
        "--author",
        "Ada Example",
        "--licence",
        "CC-BY-4.0",
        "--output",
        "b.zip",
        "--tracking-uri",
        "sqlite:///b.db",
    )
    assert Path("b.zip").read_bytes() == Path("deep/a.zip").read_bytes()


def early(*, auc=0.9, **changes):
    """A cell of an early version, with plain names in both tables and in sentences."""
    facts = {"leak": "patient 3 is in both", "duplicates": "scan i4.png twice"}
    made = outcome(auc=auc, names=CLINIC, facts=facts, **changes)
    return replace(made, validation_predictions=made.predictions.assign(group="patient MUELLER_HANS"))


def test_an_archive_names_no_patient_and_is_the_same_at_another_time_and_in_another_home(cats, tmp_path, monkeypatch):
    draw_once(monkeypatch)
    failed = {"status": "failed", "scores": {}, "key": "f", "reason": "cannot read /data/MUELLER_HANS/scan 7.dcm"}
    other = outcome("scratch", auc=0.8, names=CLINIC | {"source": "scratch"})
    tracking = filled(OURS, [early(), outcome(names=CLINIC, attempt="f", **failed), other])
    run_id = next(run.info.run_id for run in tracking.runs() if run.info.status == "FINISHED")
    for name in ("patients.json", "list.parquet"):
        tracking.client.log_text(run_id, "MUELLER_HANS", name)
    code, _, err = cats("archive", "toy", "--output", "a.zip")
    assert (code, err) == (0, "2 files that cats has not written are left out of the archive\n")
    files = held("a.zip")
    tables = [pd.read_parquet(io.BytesIO(content)) for name, content in files.items() if name.endswith(".parquet")]
    assert sorted(name.rpartition("/")[2] for name in files if name.endswith(".parquet")) == [
        *[PREDICTIONS] * 3, VALIDATION_PREDICTIONS,
    ]  # fmt: skip
    assert all(are_digests(table[column]) for table in tables for column in ("group", "sample"))
    text = b"\n".join(files.values())
    for name in (b"MUELLER", b"patient 3", b"scan i4", b"i4.png", b"scan 7", str(tmp_path).encode(), b"/data"):
        assert name not in text, name

    later, now = 400 * 86_400, time.time
    with pytest.MonkeyPatch.context() as there:
        there.setattr(time, "time", lambda: now() + later)
        for name, value in {"CATS_HOME": tmp_path / "other", "TZ": "Pacific/Auckland", "USER": "b", "HOME": tmp_path}.items():
            there.setenv(name, str(value))
        time.tzset()
        code, out, _ = cats("merge", "a.zip", "--tracking-uri", "sqlite:///b.db")
        assert (code, out) == (0, "a.zip into toy on sqlite:///b.db: 3 added, 0 existed already\n")
        assert cats("archive", "toy", "--output", "b.zip", "--tracking-uri", "sqlite:///b.db")[0] == 0
    time.tzset()
    again = held("b.zip")
    assert [name for name in files if files[name] != again.get(name)] == []
    assert Path("b.zip").read_bytes() == Path("a.zip").read_bytes()


def test_predictions_of_public_images_keep_their_names(cats, toy):
    cats("archive", "toy", "--output", "a.zip")
    table = pd.read_parquet(io.BytesIO(next(content for name, content in held("a.zip").items() if name.endswith(PREDICTIONS))))
    assert table["sample"][0] == "i0"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["merge", "no.zip"], "cats: there is no file no.zip"),
        (["merge", "bad.zip"], "cats: bad.zip is no archive: "),
        (["merge", "sqlite:///no.db"], "cats: there is no database sqlite:///no.db"),
        (["merge", "mlflow.db", "--only", "tou"], "cats: no experiment 'tou' on sqlite:///mlflow.db; did you mean 'toy'?"),
        (["merge", "mlflow.db", "--experiment", " "], "cats: --experiment ' ' is empty"),
        (["archive", "toy", "--author", "a\udcff"], "cats: --author 'a\\udcff' holds characters that cannot be shown; "),
        (["archive", "toy", "--author", " "], "cats: --author is empty; write a name"),
        (["archive", "none"], "cats: no experiment 'none' on sqlite:///mlflow.db"),
        (["archive", "toy", "--output", "."], "cats: cannot write the archive to .: "),
        (["diff", "no.json", "toy"], "cats: no.json cannot be read: "),
        (["diff", "bad.json", "toy"], "cats: bad.json is no board; "),
        (["diff", "toy", "bad.zip"], "cats: bad.zip is no archive: "),
    ],
)
def test_what_cannot_be_shared_is_one_sentence(cats, sentence, arguments, empty_toy):
    Path("bad.zip").write_bytes(b"no zip")
    Path("bad.json").write_text("{}")
    before = sorted(str(path) for path in Path().rglob("*"))
    code, out, err = cats(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(sentence)
    assert len(err.splitlines()) == 1
    assert sorted(str(path) for path in Path().rglob("*")) == before


@pytest.fixture
def empty_toy(cats):
    return filled(OURS, SEVERAL[:1])


def test_conflicts_are_said(cats, toy):
    filled("sqlite:///b.db", [outcome(auc=0.5)])
    code, out, err = cats("merge", "b.db")
    assert code == 0
    assert "the same attempt was recorded with other values (test_auc 0.5 and 0.9)" in err
    assert out == "b.db into toy on sqlite:///mlflow.db: 1 added, 0 existed already\n"
    [plan] = toy.runs("tags.`cats.kind` = 'plan'")  # the one that was merged is folded below it
    runs = [run for run in toy.runs() if run.info.run_id != plan.info.run_id]
    assert len(runs) == 5
    assert [run.data.tags.get("mlflow.parentRunId") for run in runs].count(plan.info.run_id) == 1


def test_an_experiment_of_mlflow_itself_is_not_made(cats, toy):
    Experiment("sqlite:///b.db", "Default")
    code, out, err = cats("merge", "b.db", "--tracking-uri", "sqlite:///c.db")
    assert (code, out) == (0, "")
    assert err == "there is no run of cats in what is to be merged\n"
    assert not Path("c.db").exists()
