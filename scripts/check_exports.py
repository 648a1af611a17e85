#!/usr/bin/env python
"""How far every way out of a kept classifier lies from the classifier and from the record of its cell.

    .venv/bin/python scripts/check_exports.py MODEL ... [--tracking-uri sqlite:///mlflow.db] [--images 200]

MODEL: folders of kept classifiers whose targets are in CATS_DATA; nothing in them is changed. Test images of the target go
through torch.export, ONNX (onnxruntime), MLflow's pyfunc folder and `mlflow models serve`, which gets PNG files in base64 over
HTTP. The table has the largest difference of a probability over all images and classes, before the temperature, as in the
record. The exit code is 1 if one is larger than what is allowed.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np

from benchmark.core.identifier_key import key_that_exists
from benchmark.models.check_images import CheckImages, real_images
from benchmark.models.export import export
from benchmark.models.mlflow_folder import encoded
from benchmark.models.model import Model, read_model
from benchmark.models.portable import as_images
from results.statistics.influence import parse_predictions
from results.text.identifiers import identifier
from results.tracking.experiment import Experiment
from results.tracking.registry import Registry

HEAD = "| images | way | from the classifier | from the record | allowed |\n| --- | --- | ---: | ---: | ---: |"
ALLOWED = {"the classifier itself": 1e-6, "torch.export": 1e-5, "ONNX": 1e-4, "MLflow pyfunc": 1e-5, "MLflow over HTTP": 1e-5}
REQUEST, SECONDS = 50, 120  # pictures of a request; patience with the start of a server
Way = Callable[[CheckImages], np.ndarray]


def main() -> int:
    """Return 1 if a difference is larger than what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="+")
    parser.add_argument("--tracking-uri", default="sqlite:///mlflow.db")
    parser.add_argument("--images", type=int, default=200)
    given = parser.parse_args()
    print(HEAD, flush=True)
    wrong = False
    for folder in given.model:
        model = read_model(folder)
        images = real_images(model.manifest, given.images)
        own = model.probabilities(model.outputs(images.pixels).logits, calibrated=False)
        record = recorded(model, images, given.tracking_uri)
        with tempfile.TemporaryDirectory(prefix="cats-exports-") as scratch:
            for name, answer in answers(model, images, Path(scratch)):
                near, far = (float(np.abs(answer - other).max()) for other in (own, record))
                wrong = wrong or not max(near, far) <= ALLOWED[name]
                print(f"| {images.words} | {name} | {near:.1e} | {far:.1e} | {ALLOWED[name]:.0e} |", flush=True)
    return int(wrong)


def recorded(model: Model, images: CheckImages, uri: str) -> np.ndarray:
    """(N, C) probabilities of the images in the record of the cell that became the classifier."""
    registry = Registry(uri)
    run_id = registry.run_of(model.manifest.key, "cell")
    if run_id is None:
        raise SystemExit(f"no finished run of the cell {model.manifest.key[:12]} on {registry.shown}")
    place = registry.client.get_experiment(registry.client.get_run(run_id).info.experiment_id)
    table = Experiment(uri, place.name, create=False).predictions(run_id)
    if table is None:
        raise SystemExit(f"run {run_id} has no predictions")
    rows = {str(name): row for row, name in enumerate(table["sample"])}
    key = key_that_exists()
    names = [name if name in rows or key is None else identifier("sample", name, key) for name in images.names]
    return parse_predictions(table).probabilities[[rows[name] for name in names]]


def answers(model: Model, images: CheckImages, scratch: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Name and (N, C) probabilities, before the temperature, of every way."""
    yield "the classifier itself", model.probabilities(model.outputs(images.pixels).logits, calibrated=False)
    yield "torch.export", by_torch(model, images, export(model, "torch", scratch / "m.pt2").path)
    yield "ONNX", by_onnxruntime(model, images, export(model, "onnx", scratch / "m.onnx").path)
    folder = export(model, "mlflow", scratch / "mlflow").path
    yield "MLflow pyfunc", by_pyfunc(model, images, folder)
    with server(folder.resolve(), scratch / "log") as address:
        yield "MLflow over HTTP", by_server(model, images, address)


def by_torch(model: Model, images: CheckImages, path: Path) -> np.ndarray:
    import torch

    with torch.no_grad():
        logits = torch.export.load(path).module()(torch.from_numpy(as_images(images.pixels)))[1].numpy()
    return model.probabilities(logits, calibrated=False)


def by_onnxruntime(model: Model, images: CheckImages, path: Path) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return model.probabilities(session.run(["logits"], {"images": as_images(images.pixels)})[0], calibrated=False)


def by_pyfunc(model: Model, images: CheckImages, folder: Path) -> np.ndarray:
    import mlflow
    import pandas as pd

    answer = mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame({"image": list(map(encoded, images.pixels))}))
    return np.array([[row["raw"][name] for name in model.manifest.classes] for row in answer])


def by_server(model: Model, images: CheckImages, address: str) -> np.ndarray:
    rows = []
    for start in range(0, len(images.pixels), REQUEST):
        data = [[encoded(each)] for each in images.pixels[start : start + REQUEST]]
        body = json.dumps({"dataframe_split": {"columns": ["image"], "data": data}}).encode()
        request = Request(f"{address}/invocations", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=SECONDS) as answer:
            rows += [[row["raw"][name] for name in model.manifest.classes] for row in json.load(answer)["predictions"]]
    return np.array(rows)


@contextmanager
def server(folder: Path, log: Path) -> Iterator[str]:
    """The address of `mlflow models serve`, which is ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = ["mlflow", "models", "serve", "-m", str(folder), "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    env = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}  # the folder has the code that it needs
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"  # MLflow starts uvicorn by its name
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env=env, stdout=said, stderr=said, cwd=log.parent, start_new_session=True
        )
    try:
        until = time.monotonic() + SECONDS
        while not alive(address):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the server does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def alive(address: str) -> bool:
    try:
        with urlopen(f"{address}/ping", timeout=5):
            return True
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    raise SystemExit(main())
