"""`cats submit`: the rows that a competition wants, in its order, and sentences for what cannot be submitted."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmark.cli.main import app
from benchmark.data.dataset import Dataset
from benchmark.data.squares import resized_square
from benchmark.data.unlabelled import Unlabelled
from benchmark.models.model import read_model
from benchmark.specs import catalogue
from results.error import CatsError
from tests.support.fakes import RNG
from tests.support.kept_models import kept_model

KAGGLE = {  # target → its classes' task, folder and ending of the pictures, columns of its table
    "histopathologic_cancer": ("binary", "test", ".tif", ("id", "label")),
    "aptos2019": ("ordinal", "test_images", ".png", ("id_code", "diagnosis")),
}
IDS = ["f00c", "0a11", "9be3", "77d0", "1234"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    made = {}
    for name, (task, *_) in KAGGLE.items():
        classes = catalogue.target(name).dataset.classes
        names = {"source": "scratch", "target": name, "backbone": "test_resnet", "seed": "0"}
        kept_model(folder / name, classes=classes, task=task, names=names)
        made[name] = folder / name
    return made


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay(data, name, ids=IDS):
    """Unlabelled pictures of 96 pixels in Kaggle's layout, without the labelled ones; returns their pixels by id."""
    _, folder, ending, _ = KAGGLE[name]
    place = data / name / folder
    place.mkdir(parents=True, exist_ok=True)
    pixels = {each: RNG.integers(0, 256, (96, 96, 3), dtype=np.uint8) for each in ids}
    for each, image in pixels.items():
        Image.fromarray(image).save(place / f"{each}{ending}")
    return pixels


def sample(data, name, ids=IDS, columns=None):
    pd.DataFrame({column: ids if place == 0 else 0 for place, column in enumerate(columns or KAGGLE[name][3])}).to_csv(
        data / name / "sample_submission.csv", index=False
    )


def submitted(*arguments, code=0):
    result = CliRunner().invoke(app, ["submit", *map(str, arguments)])
    if code == 0:
        assert result.exception is None, result.output
    return result


def refused(*arguments):
    """The sentence with which the command ends."""
    with pytest.raises(CatsError) as caught:
        CliRunner().invoke(app, ["submit", *map(str, arguments)], catch_exceptions=False)
    return str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("with_sample", [True, False])
def test_files_of_an_operating_system_are_no_pictures(models, data, with_sample):
    name = "histopathologic_cancer"
    lay(data, name)
    if with_sample:
        sample(data, name)
    for strange in ("test/._f00c.tif", "test/.hidden.tif"):
        (data / name / strange).write_bytes(b"\0\5\x16\7 of a Mac")
    result = submitted(models[name])
    assert sorted(pd.read_csv(data / "submission.csv", dtype={0: str})["id"]) == sorted(IDS)
    assert "does not name" not in result.output


@pytest.mark.slow
@pytest.mark.parametrize("with_sample", [True, False])
@pytest.mark.parametrize("name", KAGGLE)
def test_each_picture_has_the_answer_of_the_network_in_the_order_of_the_sample(models, data, name, with_sample):
    pixels = lay(data, name)
    if with_sample:
        sample(data, name)
    submitted(models[name])
    written = pd.read_csv(data / "submission.csv", dtype={0: str})
    order = IDS if with_sample else sorted(IDS)
    assert tuple(written.columns) == KAGGLE[name][3]
    assert written.iloc[:, 0].tolist() == order
    model = read_model(models[name])
    probabilities = model.probabilities(model.outputs(np.stack([resized_square(pixels[each], 32) for each in order])).logits)
    if name == "histopathologic_cancer":
        np.testing.assert_allclose(written["label"], probabilities[:, 1], atol=1e-6)
    else:
        assert written["diagnosis"].tolist() == probabilities.argmax(axis=1).tolist()


def test_an_archive_is_read_in_place_and_pictures_beyond_the_sample_are_left_out(models, data, tmp_path):
    import shutil

    lay(data, "histopathologic_cancer")
    sample(data, "histopathologic_cancer", IDS[:3])
    shutil.make_archive(str(data / "histopathologic_cancer"), "zip", data / "histopathologic_cancer")
    shutil.rmtree(data / "histopathologic_cancer")
    result = submitted(models["histopathologic_cancer"], "--to", "mine.csv", "--target", "histopathologic_cancer")
    assert pd.read_csv(tmp_path / "mine.csv", dtype=str)["id"].tolist() == IDS[:3]
    assert "does not name 2 of the 5 pictures; they are left out" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda place: [file.unlink() for file in (place / "test").iterdir()],
         "holds no picture test/[*].tif to submit answers for; fetch .* test/[*].tif and sample_submission.csv into CATS_DATA"),
        (lambda place: sample(place.parent, place.name, [*IDS, "abcd"]),
         "sample_submission.csv, line 7 names 'abcd', and no picture test/[*].tif has this name"),
        (lambda place: sample(place.parent, place.name, [*IDS, IDS[1]]), "line 7 names '0a11' again"),
        (lambda place: sample(place.parent, place.name, columns=("id", "tumour")),
         "has the columns id, tumour; the entry declares id, label"),
        (lambda place: sample(place.parent, place.name, []), "names no id"),
        (lambda place: (place / "test" / "9be3.tif").write_bytes(b"no picture"),
         "a submission needs an answer for every picture; .*9be3.tif"),
        (lambda place: (place / "test" / "9be3.tif").rename(place / "test" / "=1+1.tif"),
         "'=1[+]1' would be read as a formula"),
        (lambda place: (place / "test" / "9be3.tif").rename(place / "test" / "9\udcff.tif"),
         "the id '9.*udcff' holds a character that cannot be shown; rename its picture"),
        (lambda place: (place.parent / "submission.csv").write_text("mine"),
         "submission.csv exists; name another file with --output, or say --overwrite"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_whole_is_refused_and_nothing_is_written(models, data, spoil, sentence):
    name = "histopathologic_cancer"
    lay(data, name)
    spoil(data / name)
    before = sorted(file.name for file in data.iterdir())
    with pytest.raises(CatsError, match=sentence):
        raise CatsError(refused(models[name]))
    assert sorted(file.name for file in data.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--target", "aptos2019"], "aptos2019 is ordinal with .*classifier is binary with the classes no_tumour, tumour"),
        (["--target", "pcam"], "pcam declares no `unlabelled` pictures"),
        (["--target", "histopatologic_cancer"], "no target called .*did you mean 'histopathologic_cancer'"),
        (["--to", "table.parquet"], "a submission is written as .csv"),
        (["--to", "."], "cannot write the submission to .: it is a folder; name a file in it"),
    ],
)  # fmt: skip
def test_a_classifier_or_a_place_that_does_not_fit_is_refused(models, data, arguments, sentence):
    lay(data, "histopathologic_cancer")
    with pytest.raises(CatsError, match=sentence):
        raise CatsError(refused(models["histopathologic_cancer"], *arguments))


def test_an_existing_file_is_replaced_where_that_is_said(models, data):
    lay(data, "histopathologic_cancer")
    (data / "submission.csv").write_text("former")
    submitted(models["histopathologic_cancer"], "--overwrite")
    assert (data / "submission.csv").read_text().startswith("id,label\n")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "multiclass", "classes": ("a", "b", "c")}, "one probability and the task is multiclass; write answer: class"),
        ({"task": "multilabel"}, "no table can be submitted"),
        ({"tree": ""}, "no tree is declared"),
    ],
)  # fmt: skip
def test_an_entry_whose_answer_is_not_one_number_is_refused(changes, sentence):
    declared = {
        "name": "mine", "title": "Mine", "modality": "none", "task": "binary", "classes": ("a", "b"), "licence": "CC0",
        "citation": "ours", "tree": "mine", "read": lambda folder: None,
    }  # fmt: skip
    form = {
        "files": "test/*.png",
        "columns": ("id", "label"),
        "answer": "class" if changes.get("task") == "multilabel" else "probability",
    }
    with pytest.raises(ValueError, match=sentence):
        Dataset(**declared | changes, unlabelled=form)
    assert Dataset(**declared, unlabelled=form).unlabelled.sample == "sample_submission.csv"


@pytest.mark.parametrize(
    ("columns", "named"), [(("id", "id"), "'id', 'id'"), (("", "label"), "'', 'label'"), (("id", " "), "'id', ' '")]
)
def test_the_columns_of_a_submission_are_two_different_names(columns, named):
    with pytest.raises(ValueError, match=f"columns of unlabelled are {named}; they must be two different names"):
        Unlabelled(files="test/*.png", columns=columns)


def test_unlabelled_pictures_are_no_part_of_the_identity(data):
    from tests.support.fakes import histopathologic_cancer

    histopathologic_cancer(data)
    declared = catalogue.target("histopathologic_cancer").dataset
    before = declared.digest()
    assert declared.model_copy(update={"unlabelled": None}).digest() == before
    lay(data, "histopathologic_cancer")
    assert declared.digest() == before
