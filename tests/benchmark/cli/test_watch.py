"""`cats watch`: a sentence, an exit code, JSON, a history with a picture, a run of MLflow that disturbs nobody."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sqlalchemy.exc import OperationalError

from benchmark.execution.records import frame_of
from benchmark.models.change_history import place_of
from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.dicom_files import written
from tests.support.explained import spots_target
from tests.support.kept_models import images, kept_model
from tests.support.records import OLD


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept") / "spots"
    kept_model(folder)
    return folder


def write(folder, count, **options):
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(images(count, 77, **options)[0]):
        Image.fromarray(pixels.squeeze()).save(folder / f"secret-{number:03}.png")
    return str(folder)


@pytest.fixture
def same(tmp_path):
    return write(tmp_path / "same", 40)


@pytest.fixture
def brighter(tmp_path):
    return write(tmp_path / "brighter", 40, bright=30)


def watch(cats, model, *arguments):
    return cats("watch", str(model), *arguments, "--no-history")


def test_no_change_is_said_first_and_exit_code_0(cats, model, same):
    code, out, err = watch(cats, model, same)
    assert (code, err) == (0, "")
    assert out.startswith("no change found: 40 new images against 120 reference images; a shift of 0.")
    assert "sharpness" in out


def test_a_change_is_said_first_and_exit_code_1(cats, model, brighter):
    code, out, err = watch(cats, model, brighter)
    assert (code, err) == (1, "")
    assert out.startswith("changed: brighter than the reference (p = .0")
    found = json.loads(watch(cats, model, brighter, "--json", "-")[1])
    words = {"features": "features", "classifier": "features", "classes": "predicted for", "unlike": "unlike"}
    said = found["sentence"]
    alarms = {words.get(name, "than the reference") for name, test in found["tests"].items() if test["alarm"]}
    assert {word for word in {*words.values(), "than the reference"} if word in said} == alarms


def test_json_goes_to_a_file_or_alone_to_the_output(cats, model, brighter):
    code, out, _ = watch(cats, model, brighter, "--json", "figures/watch.json")
    assert (code, out[:8]) == (1, "changed:")
    written = json.loads(Path("figures/watch.json").read_text())
    code, out, _ = watch(cats, model, brighter, "--json", "-")
    assert (code, json.loads(out)) == (1, written)
    assert written["changed"] is True
    assert written["tests"]["brightness"]["alarm"] is True
    assert "secret" not in json.dumps(written)


def test_the_level_is_that_of_the_alarm(cats, model, same):
    code, out, _ = watch(cats, model, same, "--level", "0.01", "--json", "-")
    assert (code, json.loads(out)["level"]) == (0, 0.01)


@pytest.mark.slow
def test_an_archive_and_a_table_give_what_the_folder_gives(cats, model, brighter, tmp_path):
    files = sorted(Path(brighter).iterdir())
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        for file in files:
            archive.write(file, file.name)
    pd.DataFrame({"file": [file.name for file in files]}).to_csv(Path(brighter) / "new.csv", index=False)
    found = [
        json.loads(watch(cats, model, str(place), "--json", "-")[1])
        for place in (tmp_path / "new.zip", Path(brighter) / "new.csv")
    ]
    (Path(brighter) / "new.csv").unlink()
    assert found == [json.loads(watch(cats, model, brighter, "--json", "-")[1])] * 2


def test_broken_files_are_named_and_the_rest_goes_on(cats, model, same):
    for number in range(12):
        Path(same, f"torn-{number:02}.png").write_bytes(Path(same, "secret-000.png").read_bytes()[:200])
    code, out, err = watch(cats, model, same)
    assert code == 0
    assert out.startswith("no change found: 40 new images against")
    assert "12 files could not be used" in " ".join(out.split())
    assert "12 files cannot be used and are left out:" in err
    assert "torn-00.png" in err
    assert "torn-10.png" not in err
    assert "and 2 more" in err


@pytest.mark.parametrize(
    ("arrange", "sentence"),
    [
        (lambda folder: folder.mkdir(), "new is empty; name a folder or an archive that holds pictures"),
        (lambda folder: write(folder, 1), "1 image is too few to say anything about a change: at least 20 are needed"),
        (lambda folder: write(folder, 19), "19 images are too few to say anything"),
        (lambda _: None, "new does not exist"),
    ],
)
def test_too_few_images_are_one_sentence(cats, model, arrange, sentence, tmp_path):
    arrange(tmp_path / "new")
    code, out, err = watch(cats, model, str(tmp_path / "new"))
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_a_part_of_a_target_that_is_too_small_leads_to_all_of_it_and_to_no_word_on_scores(cats, model, home):
    spots_target(home, classes=("calm", "wild"))
    code, _, err = watch(cats, model, "spots")
    assert (code, err.count("\n")) == (2, 1)
    assert (
        "images are too few to say anything about a change: at least 20 are needed; these are the part test of spots, " in err
    )
    assert "--target-part all takes all of its images" in err
    code, _, err = watch(cats, model, "spots", "--target-part", "all")
    assert code in {0, 1}
    assert "scored" not in err


def test_too_few_files_that_can_be_read_are_too_few(cats, model, same):
    for number in range(25):
        Path(same, f"secret-{number:03}.png").write_bytes(b"no picture")
    code, _, err = watch(cats, model, same)
    assert code == 2
    assert "15 images are too few to say anything about a change: at least 20 are needed" in err


def test_pictures_in_colour_are_named_where_the_classifier_knows_grey_ones_only(cats, same, tmp_path):
    kept_model(tmp_path / "grey", channels=1)
    code, out, err = watch(cats, tmp_path / "grey", same)
    assert (code, out) == (2, "")
    assert "40 files cannot be used" in err
    assert "has colours; the classifier was trained with grey images only" in err
    assert "0 images are too few" in err


def test_a_damaged_model_is_one_sentence(cats, same, tmp_path):
    kept_model(tmp_path / "m")
    content = bytearray((tmp_path / "m" / "reference.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "m" / "reference.safetensors").write_bytes(content)
    code, out, err = watch(cats, tmp_path / "m", same)
    assert (code, out) == (2, "")
    assert "reference.safetensors is damaged" in err


def test_a_reference_that_is_too_small_is_one_sentence(cats, same, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.support.kept_models.PART_SIZES", (60, 9, 10))
    kept_model(tmp_path / "m")
    code, out, err = watch(cats, tmp_path / "m", same)
    assert (code, out) == (2, "")
    assert "the classifier keeps 19 validation and test images as reference, too few to compare with" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--level", "0.5"], "0.5 is not a share of false alarms from 0.001 to 0.2"),
        (["--level", "often"], "'often' is not a number"),
        (["--group", "patient"], "--group names a column of a table"),
        (["--tracking-uri", "httpx:/wrong"], "cannot be used"),
        (["--json", "same/secret-000.png/x.json"], "cannot write the figures to"),
    ],
)
def test_a_wrong_option_is_one_sentence(cats, model, same, arguments, sentence):
    code, _, err = watch(cats, model, same, *arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err


def table(folder, groups):
    files = sorted(path.name for path in Path(folder).iterdir())
    pd.DataFrame({"file": files, "patient": groups}).to_csv(Path(folder) / "new.csv", index=False)
    return str(Path(folder) / "new.csv")


@pytest.fixture
def with_patients(monkeypatch):
    """A reference whose images are of patients, four of each."""
    from tests.support import kept_models

    plain = kept_models.reference

    def made_with_patients(*arguments, **options):
        made = plain(*arguments, **options)
        return type(made)(**(vars(made) | {"groups": np.arange(len(made.parts)) // 4}))

    monkeypatch.setattr(kept_models, "reference", made_with_patients)


@pytest.mark.usefixtures("with_patients")
def test_patients_of_a_table_are_counted_with_those_of_the_reference(cats, brighter, tmp_path):
    kept_model(tmp_path / "m")
    code, out, _ = watch(cats, tmp_path / "m", table(brighter, np.arange(40) // 4), "--group", "patient", "--json", "-")
    found = json.loads(out)
    assert (code, found["groups"]) == (1, {"new": 10, "reference": 30})
    code, out, _ = watch(cats, tmp_path / "m", brighter + "/new.csv", "--json", "-")
    assert any("the patients of the reference are known, and" in note for note in json.loads(out)["notes"])


@pytest.mark.parametrize(
    ("patient", "groups", "said"),
    [
        (lambda n: f"JANE-{n // 4}", {"new": 10, "reference": 30}, ""),  # in an archive
        (lambda n: "JANE", None, "all 40 DICOM files have one PatientID, which does not tell patients apart"),
        (
            lambda n: "" if n < 2 else f"JANE-{n // 4}",
            None,
            "2 of 40 images have no PatientID: every image counts as independent",
        ),
    ],
)
@pytest.mark.slow
@pytest.mark.usefixtures("with_patients")
def test_patients_of_dicom_files_are_counted_and_never_named(cats, tmp_path, patient, groups, said):
    kept_model(tmp_path / "m", channels=1)
    (tmp_path / "new").mkdir()
    for number, pixels in enumerate(images(40, 77, channels=1, bright=30)[0]):
        (tmp_path / "new" / f"{number}.dcm").write_bytes(written(pixels[..., 0], PatientID=patient(number)))
    if groups:
        with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
            for file in sorted((tmp_path / "new").iterdir()):
                archive.write(file, file.name)
    code, out, err = cats(
        "watch", tmp_path / "m", tmp_path / ("new.zip" if groups else "new"), "--json", "-", "--history", "h.jsonl"
    )
    found = json.loads(out)
    assert (code, found["images"], found["groups"]) == (1, 40, groups)
    assert said in err
    assert "JANE" not in out + err + Path("h.jsonl").read_text()


def test_without_the_extra_for_dicom_the_sentence_says_what_to_install(cats, tmp_path, monkeypatch):
    kept_model(tmp_path / "m", channels=1)
    (tmp_path / "new").mkdir()
    for number, pixels in enumerate(images(20, 77, channels=1)[0]):
        (tmp_path / "new" / f"{number}.dcm").write_bytes(written(pixels[..., 0]))
    monkeypatch.setitem(sys.modules, "pydicom", None)
    code, out, err = watch(cats, tmp_path / "m", tmp_path / "new")
    assert (code, out) == (2, "")
    assert "DICOM files need pydicom: pip install 'cats-bench[dicom]'" in err


@pytest.mark.parametrize(
    ("group", "patients", "sentence"),
    [
        ("patent", ["a"] * 40, "has no column 'patent', which --group names; did you mean 'patient'?"),
        ("patient", ["a"] * 39 + [""], "line 41 has no patient; --group needs the patient of every picture"),
    ],
)
def test_a_wrong_column_of_patients_is_one_sentence(cats, model, same, group, patients, sentence):
    code, out, err = watch(cats, model, table(same, patients), "--group", group)
    assert (code, out) == (2, "")
    assert sentence in err


@pytest.mark.slow
def test_calls_are_added_to_a_history_beside_the_model(cats, same, brighter, tmp_path):
    kept_model(tmp_path / "m")
    before = sorted(path.name for path in (tmp_path / "m").iterdir())
    cats("watch", str(tmp_path / "m"), same)
    code, _, err = cats("watch", str(tmp_path / "m"), brighter)
    place = place_of(tmp_path / "m")
    assert code == 1
    assert f"added to {place}, call 2; drawn in {place.with_suffix('.png')}" in err
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    assert [line["changed"] for line in lines] == [False, True]
    assert "secret" not in place.read_text()
    with Image.open(place.with_suffix(".png")) as picture:
        assert picture.size == (1040, 598)
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == before


def test_a_history_that_cannot_be_written_is_one_sentence_before_anything_is_read(cats, model, same):
    code, out, err = cats("watch", str(model), same, "--history", f"{same}/secret-000.png/h.jsonl")
    assert (code, out) == (2, "")
    assert "cannot write the history to" in err
    assert "name another file with --history, or give --no-history" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["h.png", "H.PNG"])
def test_a_history_is_no_picture(cats, model, same, name):
    code, out, err = cats("watch", str(model), same, "--history", name)
    assert (code, out) == (2, "")
    assert err == f"cats: --history is {name}, which its picture would overwrite; name a file that ends in .jsonl\n"
    assert not Path(name).exists()


def test_figures_that_cannot_be_written_are_named_before_anything_is_read(cats, model, tmp_path):
    write(tmp_path / "few", 1)  # which would be the error of reading
    for place, reason in (("few/secret-000.png/x.json", "is a file, not a folder"), ("few", "it is a folder")):
        code, out, err = watch(cats, model, "few", "--output", place)
        assert (code, out) == (2, "")
        assert err.startswith(f"cats: cannot write the figures to {place}: ")
        assert reason in err


def test_nothing_is_logged_without_an_address_or_with_no_log(cats, model, same, tmp_path, monkeypatch):
    watch(cats, model, same)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    watch(cats, model, same, "--no-log")
    assert not list(Path.cwd().glob("*.db"))


@pytest.mark.slow
def test_a_run_of_kind_watch_holds_figures_only_and_disturbs_nobody(cats, model, brighter, monkeypatch):
    tracking = Experiment("sqlite:///mlflow.db", "toy")
    send(tracking, Outcome(OLD.model_copy(update={"experiment": "toy"})))
    before = cats("board", "toy", "--format", "json")[1], tracking.frame(), cats("cost", "toy", "--format", "json")[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    code, _, err = watch(cats, model, brighter, "--experiment", "toy")
    assert code == 1
    assert "logged to MLflow as run " in err
    run = next(tracking.runs("tags.`cats.kind` = 'watch'"))
    assert (run.info.status, run.data.tags["cats.changed"]) == ("FINISHED", "true")
    assert run.data.params == {"model": "spots-scratch-test_resnet-0", "key": "0" * 64, "level": "0.05"}
    assert run.data.metrics["images"] == 40
    assert run.data.metrics["brightness_adjusted_p"] <= 0.05
    assert "secret" not in str(run.to_dictionary())
    after = cats("board", "toy", "--format", "json")[1], tracking.frame(), cats("cost", "toy", "--format", "json")[1]
    assert (before[0], before[2]) == (after[0], after[2])
    pd.testing.assert_frame_equal(before[1], after[1])
    pd.testing.assert_frame_equal(frame_of(tracking), frame_of(tracking, fresh=True))


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), OperationalError("INSERT", {}, Exception("disk is full"))]
)
def test_mlflow_that_refuses_is_one_sentence(cats, model, same, monkeypatch, error):
    from results.tracking import log_watch

    def full(_):
        raise error

    monkeypatch.setattr(log_watch, "settle", full)
    code, out, err = watch(cats, model, same, "--tracking-uri", "sqlite:///mlflow.db")
    assert (code, out[:9]) == (2, "no change")
    assert "could not store the comparison" in err
    runs = Experiment("sqlite:///mlflow.db", "watch").runs("tags.`cats.kind` = 'watch'")
    assert [run.info.status for run in runs] == ["FAILED"]
