"""A kept classifier as a folder that MLflow serves: model from code, nothing pickled, with the code that it needs."""

import base64
import io
import shutil
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmark.models.check_images import drawn_images
from benchmark.models.graphs import Run
from benchmark.models.manifest import MANIFEST, Reading
from benchmark.models.model import Model, read_model
from benchmark.models.pictures import as_input, read_picture
from benchmark.models.portable import facts
from results.files.atomic import scratch_folder
from results.tracking.connection import quiet

PACKAGES = ("benchmark", "results")  # of this project, which are copied into the folder
# What reads pictures and runs a network; the others that cats-bench needs are for training and boards.
NEEDED = (
    "filelock", "numpy", "pandas", "pillow", "psutil", "pyarrow", "pydantic", "pyyaml", "safetensors", "scipy", "tifffile",
    "timm", "torch", "torchvision",
)  # fmt: skip
OPTIONAL = ("pydicom",)  # for DICOM files
SCRIPT = Path(__file__).with_name("served_script.py")


def write_mlflow(model: Model, path: Path) -> None:
    """Write the MLflow model: signature, input example, requirements, the code of this version, and the model folder."""
    quiet()
    import mlflow
    import pandas as pd
    from mlflow.models import Model as Description

    from benchmark.models.serving import ARTIFACT, COLUMN

    manifest = model.manifest
    # People pass the folder on, so that the example is drawn and shows no patient.
    example = pd.DataFrame({COLUMN: [encoded(drawn_images(manifest).pixels[0])]})
    with scratch_folder(path.parent) as folder:
        mlflow.pyfunc.save_model(
            path, python_model=str(SCRIPT), artifacts={ARTIFACT: str(_copied(model, folder / ARTIFACT))},
            signature=_signature(several=manifest.task == "multilabel"), input_example=example,
            pip_requirements=requirements(), code_paths=[str(_code(name, folder)) for name in PACKAGES],
            metadata={name: text for name, text in facts(manifest).items() if name not in {"cats.input", "cats.outputs"}},
        )  # fmt: skip
    shutil.rmtree(path / "__pycache__", ignore_errors=True)  # MLflow imports the script to check it
    described = Description.load(str(path))
    flavour = described.flavors["python_function"]
    flavour["model_code_path"] = SCRIPT.name  # MLflow writes folders of this machine, and uses the last part only
    flavour["artifacts"][ARTIFACT]["uri"] = flavour["artifacts"][ARTIFACT]["path"]
    described.save(str(path / "MLmodel"))


def load_mlflow(path: Path) -> Run:
    """Read the classifier in the folder, and answer as the script does that MLflow runs."""
    from benchmark.models.serving import ARTIFACT, answers

    model = read_model(path / "artifacts" / ARTIFACT)

    def run(pixels: np.ndarray) -> np.ndarray:
        rows = answers(model, [encoded(each) for each in pixels])
        return np.array([list(row["calibrated"].values()) for row in rows])

    return run


def encoded(pixels: np.ndarray) -> str:
    """(S, S, 1 or 3) uint8 → a PNG file in base64."""
    return base64.b64encode(_png(pixels)).decode()


def as_read(pixels: np.ndarray, reading: Reading) -> np.ndarray:
    """(N, S, S, 1 or 3) uint8 → the same images after they were PNG files: a reader may say which value is white."""
    pictures = (read_picture(_png(each), "an image of the check", reading) for each in pixels)
    return np.stack([as_input(each, "an image of the check", reading) for each in pictures])


def _png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(content, "PNG")
    return content.getvalue()


def requirements() -> list[str]:
    """What must be installed to serve the model, as pip's requirements, with the versions installed here.

    A local version such as 2.13.0+cpu is in no index, so only 2.13.0 is written.
    """
    found = {}
    for name in (*NEEDED, *OPTIONAL):
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            if name not in OPTIONAL:
                raise
    return [f"{name}=={number}" for name, number in found.items()]


def _signature(*, several: bool) -> Any:
    """A table with one column of text → a table with the class or classes, and probabilities by class."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Map, Schema

    from benchmark.models.serving import COLUMN

    name = ColSpec(Array(DataType.string) if several else DataType.string, "class")
    shares = [ColSpec(Map(DataType.double), kind) for kind in ("calibrated", "raw")]
    return ModelSignature(Schema([ColSpec(DataType.string, COLUMN)]), Schema([name, *shares]))


def _copied(model: Model, folder: Path) -> Path:
    """A copy of the files that are read, without exports and whatever else lies in the model folder."""
    folder.mkdir()
    for name in (MANIFEST, *model.manifest.digests):
        shutil.copyfile(model.folder / name, folder / name)
    return folder


def _code(package: str, folder: Path) -> Path:
    """A copy of a package of this project without what Python has compiled."""
    origin = Path(str(import_module(package).__file__)).parent
    return Path(shutil.copytree(origin, folder / package, ignore=shutil.ignore_patterns("__pycache__")))
