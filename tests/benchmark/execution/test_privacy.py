"""No name of a private file or patient reaches a database, an artifact, an outbox, a report or a log."""

import io
import json
import logging
import os
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmark.core.identifier_key import identifier_key, key_file
from benchmark.core.paths import decoded_folder, entries_folder
from benchmark.data import private_names
from benchmark.data.decoded import load_images_cached
from benchmark.execution.attempt import Attempt
from benchmark.execution.engine import Local
from benchmark.execution.privacy import (
    comes_from_data,
    other_keys,
    sentence_without_names,
    waiting_without_names,
    without_names,
)
from benchmark.execution.records import outbox_of
from benchmark.execution.runner import run
from benchmark.execution.watch import Watch
from benchmark.machine.meter import Meter
from benchmark.specs import catalogue
from benchmark.specs.plan import Plan
from results.error import CatsError
from results.files.atomic import remove
from results.record import Outcome
from results.text import plain_log
from results.text.identifiers import are_digests, fingerprint, identifier
from results.text.plain_log import log_plainly
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.dicom_files import written
from tests.support.plans import resolved
from tests.support.predictions import predictions
from tests.support.records import record

PLANTED = ("MUELLER", "Weber", "weber", "PID-77", "Meier", "secretstudy")
PLAN = {
    "experiment": "clinic", "sources": ["scratch"], "targets": ["clinic"], "backbones": ["test_resnet"], "seeds": 2,
    "recipe": {"size": 16, "epochs": 1, "batch_size": 8}, "measures": ["nearest_mean"],
}  # fmt: skip


def clinic(folder: Path, **changes) -> None:
    """24 DICOM files of 24 patients, with names in folders, files and headers, and an entry for them."""
    rng = np.random.default_rng(0)
    for number in range(24):
        kind = ("benign", "malignant")[number % 2]
        place = folder / "files" / kind / f"MUELLER_HANS-{number}"
        place.mkdir(parents=True)
        raw = rng.integers(0, 200, (16, 16)).astype(np.uint8) + 50 * (number % 2)
        names = {"PatientID": f"PID-77{number}", "PatientName": "Meier^Karl", "StudyDescription": "secretstudy"}
        (place / f"scan Weber {number}.dcm").write_bytes(written(raw.astype(np.uint8), **names))
    dataset = {
        "title": "A clinic", "modality": "x", "task": "binary", "classes": ["benign", "malignant"], "licence": "own",
        "citation": "own", "groups": "patient", "place": str(folder), "tree": "files", "official": [],
        "read": {"dicom_folders": {"classes": ["benign", "malignant"], "level": 1}},
    }  # fmt: skip
    (entries_folder() / "targets").mkdir(parents=True, exist_ok=True)
    (entries_folder() / "targets" / "clinic.yaml").write_text(yaml.safe_dump({"dataset": dataset | changes}, sort_keys=False))


@pytest.fixture
def fresh_log(monkeypatch):
    factory = logging.getLogRecordFactory()
    monkeypatch.setattr(plain_log, "_hide", [])
    monkeypatch.setattr(private_names, "_noted", {})
    log_plainly()
    yield
    logging.setLogRecordFactory(factory)


def broken_before_the_second_cell(folder: Path):
    """What is called before each cell; before the second one a file is damaged, and the decoded images are gone."""
    begun = []

    def begins(what: str) -> None:
        if "seed" not in what:
            return
        begun.append(what)
        if len(begun) == 2:
            file = next(folder.rglob("scan Weber 5.dcm"))
            file.write_bytes(file.read_bytes()[:-100])
            load_images_cached.cache_clear()
            for decoded in decoded_folder().iterdir():
                remove(decoded / "images.npy")

    return begins


def texts_below(*places: Path) -> str:
    """Everything that files hold: their bytes as letters, and the columns of tables."""
    found = []
    for place in places:
        for path in (place, *place.rglob("*")):
            found.append(str(path.relative_to(place.parent)))
            if path.is_file():
                content = path.read_bytes()
                found.append(content.decode("latin-1"))
                if b"PAR1" in content[:4]:
                    with suppress(Exception):
                        found.append(pd.read_parquet(io.BytesIO(content[: content.rindex(b"PAR1") + 4])).to_csv())
    return "\n".join(found)


def ran(folder: Path, experiment: str) -> Experiment:
    tracking = Experiment(f"sqlite:///{folder}/mlflow.db", experiment)
    box = outbox_of(tracking.uri, experiment)
    plan = Plan(**PLAN | {"experiment": experiment})
    watch = Watch(broken_before_the_second_cell(folder), lambda record, state: None)
    state = run(resolved(plan), Writer(tracking, box), Local("cpu"), watch)
    assert (state.made, len(state.failed)) == (1, 1)
    return tracking


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_log")
def test_planted_names_are_nowhere_after_a_run_with_a_failed_cell_a_score_and_a_report(
    tmp_path, home, cats, caplog, monkeypatch
):
    data = tmp_path / "Weber's clinic"
    clinic(data)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN))
    uri = ("--tracking-uri", f"sqlite:///{data}/mlflow.db")
    assert cats("score", "plan.yaml", *uri)[0] == 0
    tracking = ran(data, "clinic")
    outputs = [cats("report", "plan.yaml", "--output", "r.html", *uri)]
    outputs += [cats("board", "plan.yaml", "--format", form, *uri) for form in ("csv", "json", "markdown")]
    outputs += [cats("cost", "plan.yaml", "--format", "csv", *uri)]
    assert [code for code, *_ in outputs] == [0] * 5
    reason = next(run.data.tags["cats.reason"] for run in tracking.runs("attributes.status = 'FAILED'"))
    assert "its pixels cannot be decoded" in reason
    assert "`cats check clinic --identifier DIGEST` shows the name" in reason
    (run_id,) = [run.info.run_id for run in tracking.runs("attributes.status = 'FINISHED' and tags.`cats.kind` = 'cell'")]
    table = tracking.predictions(run_id)
    assert are_digests(table["sample"])
    assert are_digests(table["group"])
    assert table["group"].is_unique
    kept = [
        home / name
        for name in ("outbox", "checkpoints", "snapshots", "scores", "calibrations", "pretrained")
        if (home / name).exists()
    ]
    everything = texts_below(data / "mlflow.db", tmp_path / "mlruns", tmp_path / "r.html", *kept)
    everything += caplog.text + "".join(out + err for _, out, err in outputs)
    assert "pixels cannot be decoded" in everything
    assert [name for name in (*PLANTED, str(data)) if name in everything] == []


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_log")
def test_with_plain_identifiers_names_of_files_and_groups_are_in_the_predictions(tmp_path, monkeypatch):
    data = tmp_path / "clinic"
    clinic(data, identifiers="plain")
    monkeypatch.chdir(tmp_path)
    tracking = ran(data, "clinic")
    (run_id,) = [run.info.run_id for run in tracking.runs("attributes.status = 'FINISHED'")]
    table = tracking.predictions(run_id)
    assert table["sample"].str.contains("MUELLER_HANS").all()
    assert table["group"].str.startswith("PID-77").all()
    assert not key_file().exists()
    everything = texts_below(data / "mlflow.db", tmp_path / "mlruns")
    assert [name for name in ("Meier", "secretstudy") if name in everything] == []  # nothing else of a header


def outcome(target="clinic", **changes):
    table = predictions(np.random.default_rng(0), 6, 2, groups=["a", "a", "b", "", "c", "c"])
    made = record().model_copy(update={"names": {"source": "scratch", "target": target, "backbone": "b", "seed": "0"}})
    return Outcome(made.model_copy(update=changes), table, table.iloc[::-1])


def test_both_tables_of_a_private_target_get_digests_of_one_key(tmp_path):
    clinic(tmp_path)
    named, made = outcome(), without_names(outcome())
    for before, after in zip(named.tables.values(), made.tables.values(), strict=True):
        assert after["sample"].tolist() == [identifier("sample", name, identifier_key()) for name in before["sample"]]
        assert after["group"].tolist() == [identifier("group", name, identifier_key()) for name in before["group"]]
        assert (after["label"] == before["label"]).all()
    assert made.record.facts == named.record.facts | {"identifiers": fingerprint(identifier_key())}


def test_a_waiting_record_of_an_early_version_is_sent_without_names(tmp_path, home, monkeypatch):
    clinic(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    named, uri = outcome(), f"sqlite:///{tmp_path}/mlflow.db"
    facts = named.record.facts | {"duplicates": "1 image in test is in train too: /x/MUELLER.png"}
    failed = outcome(status="failed", reason="patient 'Weber' and /data/Weber.png", key="1" * 64, attempt="f" * 32)
    for each in (replace(named, record=named.record.model_copy(update={"facts": facts})), failed):
        Outbox(outbox_of(uri, "clinic").folder).put(each)  # as a version before the digests did
    tracking = Experiment(uri, "clinic")
    assert Writer(tracking, outbox_of(uri, "clinic")).deliver() == 2
    (run,) = tracking.runs("attributes.status = 'FINISHED'")
    key = identifier_key()
    assert tracking.predictions(run.info.run_id)["sample"].tolist() == [
        identifier("sample", name, key) for name in named.predictions["sample"]
    ]
    assert run.data.tags["cats.identifiers"] == fingerprint(key)
    everything = texts_below(tmp_path / "mlflow.db", tmp_path / "mlruns", home / "outbox")
    assert [name for name in PLANTED if name in everything] == []


@pytest.mark.parametrize("target", ["clinic", "ihc"])
def test_a_waiting_record_of_this_version_or_of_public_data_is_sent_as_it_is(target, tmp_path):
    clinic(tmp_path / "data")
    box = Outbox(tmp_path / "box")
    box.put(without_names(outcome(target)))
    ((_, waiting),) = box
    assert waiting_without_names(waiting) is waiting


def test_a_reason_that_has_digests_already_is_not_changed_again(tmp_path):
    clinic(tmp_path)
    load_images_cached(catalogue.target("clinic").dataset, 16)
    once = without_names(outcome(status="failed", reason="image 'scan Weber 5.dcm' has no pixels")).record.reason
    assert re.fullmatch(r"image 'f:\w{20}' has no pixels \(`cats check clinic --identifier DIGEST` shows the name\)", once)
    assert without_names(outcome(status="failed", reason=once)).record.reason == once


def test_a_target_of_this_project_is_named_plainly_and_an_entry_can_say_otherwise(tmp_path):
    public = outcome("ihc")
    assert without_names(public) is public
    assert not catalogue.target("breastmnist").dataset.private
    clinic(tmp_path)
    assert catalogue.target("clinic").dataset.private
    catalogue.target.cache_clear()
    clinic_file = entries_folder() / "targets" / "clinic.yaml"
    clinic_file.write_text(clinic_file.read_text() + "  identifiers: plain\n")
    assert not catalogue.target("clinic").dataset.private


def test_identifiers_is_no_part_of_the_digest_of_the_data(tmp_path):
    clinic(tmp_path)
    dataset = catalogue.target("clinic").dataset
    assert dataset.digest() == dataset.model_copy(update={"identifiers": "plain"}).digest()


def test_a_target_whose_entry_is_gone_counts_as_private():
    made = without_names(outcome("gone", status="failed", reason="patient 'Hans' and /data/Hans.png"))
    assert are_digests(made.predictions["sample"])
    assert made.record.reason == "patient '…' and …"


def test_sentences_about_leaks_and_scores_have_no_names(tmp_path):
    clinic(tmp_path)
    reasons = json.dumps({"knn": "failed: ValueError('Jörg.png')", "fid": "it has 1 image"})
    facts = {"leak": "1 image: 'files/Jörg.png' is also in scratch", "reasons": reasons, "incomplete": "source: /x/Jörg.png"}
    made = without_names(outcome(facts=facts)).record.facts
    assert "Jörg" not in json.dumps(made, ensure_ascii=False)
    assert json.loads(made["reasons"])["fid"] == "it has 1 image"


def test_a_sentence_for_a_kept_classifier_has_no_names_either(tmp_path):
    clinic(tmp_path)
    leak = "1 image is shared, for example /x/Jörg 1.png"
    assert sentence_without_names(leak, {"source": "scratch", "target": "ihc"}) == leak
    assert "Jörg" not in sentence_without_names(leak, {"source": "clinic", "target": "ihc"})


def test_an_error_of_training_is_not_one_of_data():
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    assert not comes_from_data(caught.value)
    with pytest.raises(CatsError) as caught:
        catalogue.target("ihc").dataset.model_copy(update={"tree": "absent"}).folder()
    assert comes_from_data(caught.value)
    with pytest.raises(ValueError) as wrapped:  # noqa: PT011
        raise ValueError("other") from caught.value
    assert comes_from_data(wrapped.value)


@pytest.mark.usefixtures("fresh_log")
def test_a_reader_of_ones_own_that_fails_is_in_no_record_and_no_log_with_names(caplog):
    (entries_folder() / "targets").mkdir(parents=True)
    (entries_folder() / "targets" / "ours.py").write_text(READER)
    target = catalogue.target("ours")
    caplog.set_level(logging.INFO)  # as with -v
    names = {"source": "scratch", "target": "ours", "backbone": "b", "seed": "0"}
    attempt = Attempt("cell", "k", "p", names, {}, "e")

    def work():
        yield target.dataset.read(Path())

    failed = attempt.run(Meter("NLD", "cpu"), work)
    assert failed.quotes_data
    assert without_names(failed).record.reason == "FileNotFoundError: … such file or directory: '…'"
    assert "FileNotFoundError" in caplog.text
    assert "ours.py, line 5, in read" in caplog.text
    assert "Hans" not in caplog.text + str(failed.record.facts)


READER = """
from benchmark import Dataset, Target

def read(folder):
    raise FileNotFoundError("No such file or directory: 'Hans Meier.png'")

facts = dict(title="t", modality="m", task="binary", classes=("a", "b"), licence="l", citation="c", revision="1")
target = Target(name="ours", dataset=Dataset(name="ours", read=read, **facts))
"""


@pytest.mark.skipif(os.name == "nt", reason="a path of Linux")
def test_runs_by_another_key_are_said_before_new_ones_begin(tmp_path):
    clinic(tmp_path)
    pairs = resolved(Plan(**PLAN))
    rows = [{"target": "clinic", "identifiers": value} for value in (None, "00000000", fingerprint(identifier_key()))]
    (sentence,) = other_keys(pairs.targets, pd.DataFrame(rows))
    assert sentence.startswith("clinic: 1 run of the experiment names its images by digests of another key")
    assert list(other_keys(pairs.targets, pd.DataFrame(rows[::2]))) == []
    assert list(other_keys(pairs.targets, pd.DataFrame())) == []


def test_a_damaged_key_ends_a_run_before_anything_is_trained(tmp_path, cats):
    clinic(tmp_path / "data")
    key_file().write_bytes(b"damaged")
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN))
    code, _, err = cats("run", "plan.yaml")
    assert code == 2
    assert "of the digests of names is damaged" in err
    assert not (tmp_path / "mlflow.db").exists()
