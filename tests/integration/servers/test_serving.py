"""A registered classifier behind the real `mlflow models serve`: pictures in base64 over HTTP, answers and refusals."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from benchmark.models.mlflow_folder import encoded
from benchmark.models.registration import register
from results.tracking.experiment import Experiment
from results.tracking.registry import Registry
from tests.integration.servers.records import run_of_the_cell
from tests.support.kept_models import images, kept_model
from tests.support.servers import answers, free_port

pytestmark = [pytest.mark.server, pytest.mark.slow]
DATABASE = "sqlite:///mlflow.db"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The model and the address of its server, which has neither this checkout on its path nor the model folder."""
    folder = tmp_path_factory.mktemp("serving")
    model = kept_model(folder / "m")
    database = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # MLflow puts artifacts below the working directory
        run = run_of_the_cell(model.manifest.key, database)
    name = register(model, database)
    assert register(model, database) == name == "models:/spots-scratch-test_resnet-0/1"
    version = Registry(database).version(name)
    assert (version.run_id, version.tags["cats.key"]) == (run, "0" * 64)
    port = free_port()
    (folder / "elsewhere").mkdir()
    env = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
    beside = str(Path(sys.executable).parent)  # MLflow starts uvicorn by its name, which an activated environment knows
    env |= {"MLFLOW_TRACKING_URI": database, "PATH": f"{beside}{os.pathsep}{env.get('PATH', '')}"}
    command = ["models", "serve", "-m", name, "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port), "-w", "1"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command], env=env, cwd=folder / "elsewhere", stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        answers(f"http://127.0.0.1:{port}/ping", process, folder / "log")
        yield model, f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def ask(address, request):
    body = json.dumps(request).encode()
    try:
        with urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


FORMS = {
    "dataframe_split": lambda texts: {"dataframe_split": {"columns": ["image"], "data": [[text] for text in texts]}},
    "dataframe_records": lambda texts: {"dataframe_records": [{"image": text} for text in texts]},
    "inputs": lambda texts: {"inputs": {"image": texts}},
    "inputs as a list": lambda texts: {"inputs": texts},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_request_gets_the_probabilities_of_the_classifier(form, server):
    model, address = server
    pixels, _ = images(5, 4)
    status, answer = ask(address, FORMS[form]([encoded(each) for each in pixels]))
    assert status == 200
    logits = model.outputs(pixels).logits
    for kind, calibrated in (("calibrated", True), ("raw", False)):
        found = np.array([[row[kind]["benign"], row[kind]["malignant"]] for row in answer["predictions"]])
        np.testing.assert_allclose(found, model.probabilities(logits, calibrated=calibrated), atol=1e-5)
    expected = [model.manifest.classes[place] for place in logits.argmax(axis=1)]
    assert [row["class"] for row in answer["predictions"]] == expected


BAD = {
    "%%%": "picture 2 is not base64; send the bytes of a picture file in base64, without a prefix",
    base64.b64encode(b"hello").decode(): "picture 2 is not a picture that can be read: its content has none of the formats "
    "PNG, JPEG, TIFF, BMP, DIB, WEBP, GIF, JPEG2000, PPM",
    "": "picture 2 is no text; send the bytes of a picture file in base64",
}


@pytest.mark.parametrize("picture", BAD)
def test_what_is_no_picture_gets_status_400_and_one_sentence(picture, server):
    status, answer = ask(server[1], FORMS["dataframe_split"]([encoded(images(1, 4)[0][0]), picture]))
    assert (status, answer["message"]) == (400, BAD[picture])
    assert "stack_trace" not in answer


def test_a_request_without_the_column_gets_status_400_without_a_stack_trace(server):
    status, answer = ask(server[1], {"dataframe_split": {"columns": ["picture"], "data": [["x"]]}})
    assert status == 400
    assert "Model is missing inputs ['image']" in answer["message"]
    assert "Traceback" not in json.dumps(answer)


@pytest.fixture
def kept(cats, tmp_path):
    kept_model(tmp_path / "m")
    return cats


def test_a_server_without_the_run_of_the_cell_is_named(kept):
    Experiment(DATABASE, "other")
    code, _, err = kept("register", "m")
    assert code == 2
    assert err.startswith("cats: MLflow at sqlite:///")
    assert err.count("\n") == 1
    assert "has no finished run of the cell 000000000000 that became spots-scratch-test_resnet-0; name the server" in err


def test_a_name_that_mlflow_does_not_take_is_refused(kept):
    run_of_the_cell("0" * 64, DATABASE)
    code, _, err = kept("register", "m", "--name", "a/b")
    assert (code, err) == (2, "cats: a registered model cannot be called 'a/b'; letters, digits and _ . - are allowed\n")
