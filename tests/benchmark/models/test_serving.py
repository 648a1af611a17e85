"""The MLflow model of a kept classifier: what it answers, what it refuses, and what lies in its folder."""

import ast
import base64
import importlib.metadata
import io
import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from benchmark.models.export import export
from benchmark.models.manifest import Reading
from benchmark.models.mlflow_folder import NEEDED, OPTIONAL, as_read, encoded, requirements
from benchmark.models.model import read_manifest
from benchmark.models.serving import RequestError, answers
from results.error import CatsError
from tests.support.kept_models import images, kept_model
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow


def png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return kept_model(tmp_path_factory.mktemp("served") / "m")


@pytest.fixture(scope="module")
def exported(model):
    """The folder, and the files in it before anything loads it: Python then keeps what it compiles beside the script."""
    (model.folder / "notes.txt").write_text("of the user")
    path = export(model, "mlflow").path
    return path, {str(each.relative_to(path)) for each in path.rglob("*") if each.is_file()}


@pytest.fixture(scope="module")
def folder(exported):
    return exported[0]


def test_pictures_get_the_class_and_the_probabilities_of_the_classifier(model):
    pixels, _ = images(300, 4)  # more than one batch
    made = answers(model, [png(each) for each in pixels])
    logits = model.outputs(pixels).logits
    for kind, calibrated in (("calibrated", True), ("raw", False)):
        expected = model.probabilities(logits, calibrated=calibrated)
        found = np.array([[row[kind]["benign"], row[kind]["malignant"]] for row in made])
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [row["class"] for row in made] == [("benign", "malignant")[place] for place in logits.argmax(axis=1)]
    assert len({row["class"] for row in made}) == 2


def test_a_picture_without_finite_numbers_is_named(tmp_path):
    broken = kept_model(tmp_path / "m")
    broken.network.head.bias.data.fill_(float("nan"))
    pictures = [png(each) for each in images(2, 4)[0]]
    with pytest.raises(CatsError, match=r"^picture 1: the network gives no finite numbers for this picture$"):
        answers(broken, pictures)


def test_of_several_labels_all_are_named_whose_calibrated_probability_is_one_half(tmp_path):
    several = kept_model(tmp_path / "m", task="multilabel", classes=("a", "b", "c"))
    for bias, names in (((9, -9, 9), ["a", "c"]), ((-9, -9, -9), [])):
        several.network.head.bias.data.copy_(torch.tensor(bias))
        assert [row["class"] for row in answers(several, [GOOD])] == [names]


def test_line_ends_in_base64_and_pictures_of_other_sizes_are_read(model):
    large = np.kron(images(1, 4)[0][0], np.ones((4, 4, 1), np.uint8))
    text = png(large)
    wrapped = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    assert answers(model, [wrapped]) == answers(model, [text])


GOOD = png(images(1, 4)[0][0])
BAD = {
    "no text": (5, "picture 2 is no text; send the bytes of a picture file in base64"),
    "nothing": ("", "picture 2 is no text; send the bytes of a picture file in base64"),
    "not base64": ("%%%", "picture 2 is not base64; send the bytes of a picture file in base64, without a prefix"),
    "an address": (f"data:image/png;base64,{GOOD}", "picture 2 is not base64; send the bytes"),
    "no picture": (base64.b64encode(b"hello").decode(), "picture 2 is not a picture that can be read: its content has none"),
    "half a picture": (GOOD[: len(GOOD) // 8 * 4], "picture 2 is not a picture that can be read"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_picture_that_cannot_be_read_is_named_by_its_number(kind, model):
    picture, sentence = BAD[kind]
    with pytest.raises(CatsError, match=f"^{re.escape(sentence)}[^\n]*$"):
        answers(model, [GOOD, picture])


def test_a_picture_in_colour_is_refused_by_a_classifier_of_grey_ones(tmp_path):
    grey = kept_model(tmp_path / "m", channels=1)
    with pytest.raises(CatsError, match="^picture 1 has colours; the classifier was trained with grey images only$"):
        answers(grey, [GOOD])
    assert answers(grey, [png(images(1, 4, channels=1)[0][0, ..., 0])])


def test_no_server_can_put_the_request_before_the_sentence():
    error = RequestError("picture 1 is not base64")
    error.message = f"Failed to predict data '{GOOD}'. \nError: {error.message}"
    assert json.loads(error.serialize_as_json())["message"] == str(error) == "picture 1 is not base64"
    assert error.get_http_status_code() == 400


@pytest.mark.filterwarnings("ignore::UserWarning")  # of MLflow, about its own code
def test_mlflow_loads_the_folder_and_gives_the_same(model, folder):
    import mlflow
    import pandas as pd

    pixels, _ = images(3, 4)
    rows = mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame({"image": [png(each) for each in pixels]}))
    assert rows == answers(model, [png(each) for each in pixels])


def test_the_folder_holds_the_classifier_and_its_code_and_nothing_else(model, exported):
    folder, parts = exported
    assert {part for part in parts if not part.startswith("code/")} == {
        "MLmodel", "artifacts/model/model.json", "artifacts/model/reference.safetensors", "artifacts/model/weights.safetensors",
        "conda.yaml", "input_example.json", "python_env.yaml", "requirements.txt", "served_script.py",
        "serving_input_example.json",
    }  # fmt: skip
    assert read_manifest(folder / "artifacts" / "model") == model.manifest
    assert {part.split("/")[1] for part in parts if part.startswith("code/")} == {"benchmark", "results"}
    assert {Path(part).suffix for part in parts} >= {".py"}
    assert not {Path(part).suffix for part in parts} & {".pkl", ".pyc", ".pickle", ".pt"}


def test_the_folder_names_no_folder_of_this_machine(model, folder):
    for path in folder.iterdir():
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert str(model.folder.parent) not in text, path
            assert str(ROOT) not in text, path


def test_the_signature_and_the_example_are_those_of_a_request(folder):
    described = yaml.safe_load((folder / "MLmodel").read_text())
    assert json.loads(described["signature"]["inputs"]) == [{"type": "string", "name": "image", "required": True}]
    assert [each["name"] for each in json.loads(described["signature"]["outputs"])] == ["class", "calibrated", "raw"]
    assert described["metadata"]["cats.use"] == "research software, no medical device"
    example = json.loads((folder / "serving_input_example.json").read_text())["dataframe_split"]
    assert example["columns"] == ["image"]
    assert Image.open(io.BytesIO(base64.b64decode(example["data"][0][0]))).size == (32, 32)


def test_the_requirements_are_the_installed_versions_without_local_parts(folder):
    lines = (folder / "requirements.txt").read_text().split()
    assert {"mlflow==" + importlib.metadata.version("mlflow"), *requirements()} == set(lines)
    torch = importlib.metadata.version("torch")
    assert f"torch=={torch.split('+')[0]}" in lines


def test_the_requirements_hold_every_library_that_the_served_code_imports():
    """Follows the imports at the top of the modules, from the one that the script imports."""
    found, waiting, seen = set(), ["benchmark.models.served_script"], set()
    while waiting:
        name = waiting.pop()
        if name in seen or (spec := find_spec(name)) is None or spec.origin is None:
            continue
        seen.add(name)
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            waiting += [each for each in names if each.split(".")[0] in {"benchmark", "results"}]
            found |= {each.split(".")[0] for each in names} - {"benchmark", "results"}
    owners = importlib.metadata.packages_distributions()
    needed = {owner.lower() for name in found for owner in owners.get(name, ())}
    assert {"numpy", "timm", "pydantic"} < needed
    assert not needed - {*NEEDED, *OPTIONAL, "mlflow", "mlflow-skinny", "mlflow-tracing", "pydantic_core"}


@pytest.mark.parametrize(
    "reading", [Reading(size=8), Reading(size=8, range=(0, 1000)), Reading(size=8, white=100, colour=False)]
)
def test_the_check_knows_what_a_reader_makes_of_a_picture(reading):
    pixels = np.full((2, 8, 8, 1), 50, np.uint8)
    seen = as_read(pixels, reading)
    expected = {None: 50, 100: 128}[reading.white] if reading.range is None else 13
    assert seen.shape == (2, 8, 8, 3 if reading.colour else 1)
    assert abs(seen.astype(int) - expected).max() <= 1
    assert base64.b64decode(encoded(pixels[0]))[:4] == b"\x89PNG"
