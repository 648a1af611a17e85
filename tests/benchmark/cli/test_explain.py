"""`cats explain`: from a kept classifier to sheets, a check, a list and numbers; or one sentence."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from benchmark.models.manifest import EXPLANATIONS, SHEET, Reading
from tests.support.explained import spots_target
from tests.support.kept_models import kept_model


@pytest.fixture
def model(tmp_path):
    return kept_model(tmp_path / "m").folder


def listed(folder):
    with (folder / "images.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_right_wrong_and_unsure_test_images_are_explained_and_checked(cats, home, model):
    spots_target(home, masks=True)
    code, out, err = cats("explain", str(model), "--arrays", "--check", "5")
    assert (code, err) == (0, "")
    folder = model / EXPLANATIONS
    rows, found = listed(folder), json.loads((folder / "check.json").read_text())
    right = [row for row in rows if row["sheet"] == "right"]
    wrong = [row for row in rows if row["sheet"] == "wrong"]
    assert right
    assert all(row["label"] == row["answer"] for row in right)
    assert all(row["label"] != row["answer"] for row in wrong)
    assert [row["number"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    for name in {SHEET, *(f"{row['sheet']}.png" for row in rows)}:
        with Image.open(folder / name) as picture:
            assert picture.width > 1000
    arrays = load_file(folder / "maps.safetensors")
    assert {name: array.shape for name, array in arrays.items()} == {
        "images": (len(rows), 32, 32, 3), "grad_cam": (len(rows), 4, 4), "integrated_gradients": (len(rows), 32, 32),
        "explained": (len(rows),), "probabilities": (len(rows), 2),
    }  # fmt: skip
    np.testing.assert_allclose(
        arrays["probabilities"][np.arange(len(rows)), arrays["explained"]],
        [float(row["probability"]) for row in rows],
        atol=1e-5,
    )
    assert found["rank_correlation"].keys() == {"Grad-CAM", "integrated gradients"}
    assert found["inside_masks"]["chance"]["inside"]["mean"] == 0.5
    assert found["sentences"] == out.splitlines()[:-1]
    assert "test images of spots" in out
    sheets_before = {path.name for path in folder.iterdir()}
    code, _, err = cats("explain", str(model))
    assert (code, err) == (2, f"cats: {folder} exists already; name another folder with --output, or say --overwrite\n")
    (folder / "mine.txt").write_text("a note of the user")
    code, _, err = cats("explain", str(model), "--overwrite")
    assert code == 2
    assert err.startswith(f"cats: {folder} holds mine.txt, which is no explanation; move it away, or name another folder with")
    assert sheets_before == {path.name for path in folder.iterdir()} - {"mine.txt"}
    (folder / "mine.txt").unlink()
    code, _, err = cats("explain", str(model), "--overwrite", "--check", "0")
    assert (code, err) == (0, "")
    assert not (folder / "maps.safetensors").exists()  # nothing of the older explanations stays
    assert "rank_correlation" not in json.loads((folder / "check.json").read_text())
    assert not [file for file in model.iterdir() if file.name.startswith(".cats-draft")]


@pytest.mark.slow
def test_as_many_errors_are_explained_as_there_are(cats, home, model, tmp_path):
    spots_target(home)
    code, out, err = cats("explain", str(model), "--errors", "100", "--to", str(tmp_path / "e"), "--check", "0")
    exist = int(re.search(r"(\d+) are wrong", out)[1])
    assert (code, err) == (0, f"--errors is 100; {exist} errors exist and all of them are explained\n")
    assert 1 < exist < 100
    rows = listed(tmp_path / "e")
    assert len(rows) == exist
    assert all(row["label"] != row["answer"] for row in rows)
    assert [float(row["probability"]) for row in rows] == sorted((float(row["probability"]) for row in rows), reverse=True)
    assert "rank_correlation" not in json.loads((tmp_path / "e" / "check.json").read_text())


@pytest.mark.slow
def test_given_pictures_are_explained_without_labels(cats, model):
    names = ["patient_0.png", "=patient_1.png", "patient_2.png"]
    for number, name in enumerate(names):
        Image.new("RGB", (28, 28), (40 * number, 90, 10)).save(name)
    before = sorted(model.iterdir())
    code, out, err = cats("explain", str(model), *names)
    assert (code, err) == (0, "")
    assert sorted(model.iterdir()) == before  # names of pictures are not passed on with the classifier
    assert out.startswith("the given pictures (3)\n")
    folder = Path(EXPLANATIONS)
    assert {row["image"] for row in listed(folder)} == {"patient_0.png", "'=patient_1.png", "patient_2.png"}
    assert sorted(file.name for file in folder.iterdir()) == ["check.json", "images.csv", SHEET]
    assert [row["label"] for row in listed(folder)] == ["", "", ""]
    assert "patient" not in (folder / "check.json").read_text()


def test_a_grey_network_explains_grey_pictures_only(cats, tmp_path):
    model = kept_model(tmp_path / "m", channels=1, reading=Reading(size=32, colour=False)).folder
    Image.new("RGB", (28, 28), (40, 90, 10)).save(tmp_path / "colour.png")
    Image.new("L", (28, 28), 90).save(tmp_path / "grey.png")
    code, _, err = cats("explain", str(model), str(tmp_path / "colour.png"))
    assert code == 2
    assert err == f"cats: {tmp_path / 'colour.png'} has colours; the classifier was trained with grey images only\n"
    assert cats("explain", str(model), str(tmp_path / "grey.png"))[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{model}"], "no target called 'spots'"),
        (["{model}", "--target", "sprots"], "no target called 'sprots'"),
        (["{model}", "x.png", "--errors", "3"], "cats: --errors is for test images; name no pictures beside it"),
        (["{model}", "x.png", "--target", "digits"], "cats: --target is for test images; name no pictures beside it"),
        (["{model}", "--errors", "0"], "'0' is not a whole number from 1 to 100"),
        (["{model}", "x.png"], "x.png cannot be read: No such file or directory"),
        (["{model}", "."], "no file has the ending of a picture"),
        (["{model}/model.json"], "model.json is no folder; name the folder of a kept classifier"),
        (["nowhere"], "nowhere is no folder; name the folder of a kept classifier"),
        (["{model}", "--to", "{model}"], "exists already and holds no explanations; name another folder with --output"),
        (["{model}", "--to", "{model}", "--overwrite"], "exists already and holds no explanations; name another folder"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(cats, model, arguments, sentence):
    code, out, err = cats("explain", *(each.format(model=model) for each in arguments))
    assert (code, out) == (2, "")
    assert sentence in err
    assert not (model / EXPLANATIONS).exists()
