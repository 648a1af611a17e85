"""Exports of a kept classifier, each run and compared with the classifier before the export gets its name."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmark.models.check_images import check_images
from benchmark.models.graphs import Run, load_onnx, load_torch, write_onnx, write_torch
from benchmark.models.manifest import Manifest, Reading
from benchmark.models.mlflow_folder import as_read, load_mlflow, write_mlflow
from benchmark.models.model import Model
from results.error import CatsError, first_line, nearest
from results.files.atomic import atomic_write


@dataclass(frozen=True)
class Format:
    """A form of export.

    Attributes:
        name: of the file or folder in the model folder.
        tolerance: largest difference of a probability from the classifier's that is accepted.
        write: writes the export. load: reads it the way a user would.
        seen: the images that the network gets when the export is given images: the same, or what a reader makes of them.
        extra: of cats-bench, which brings the modules in `packages`.
    """

    name: str
    tolerance: float
    write: Callable[[Model, Path], None]
    load: Callable[[Path], Run]
    seen: Callable[[np.ndarray, Reading], np.ndarray] = lambda pixels, _: pixels
    packages: tuple[str, ...] = ()
    extra: str = ""


FORMATS = {
    "mlflow": Format("mlflow", 1e-5, write_mlflow, load_mlflow, as_read),
    "onnx": Format("model.onnx", 1e-4, write_onnx, load_onnx, packages=("onnx", "onnxscript", "onnxruntime"), extra="onnx"),
    "torch": Format("model.pt2", 1e-5, write_torch, load_torch),
}


@dataclass(frozen=True)
class Export:
    """An export that was written, and the largest difference of its probabilities from those of the classifier.

    `images`: on which both were run, in words.
    """

    path: Path
    largest: float
    tolerance: float
    images: str


def export(model: Model, form: str, to: Path | None = None) -> Export:
    """Export a classifier, by default to a file or folder inside the model folder.

    Args:
        model: what is exported.
        form: a name of FORMATS.
        to: the file or folder; it must not exist.

    Raises:
        CatsError: if the format is unknown, a package is missing, `to` exists or has another ending, the network cannot be
            exported, or the probabilities differ by more than the tolerance of the format. Nothing is written then.
    """
    chosen = require_format(form)
    path = to or model.folder / chosen.name
    ending = Path(chosen.name).suffix
    if ending and path.suffix != ending:
        raise CatsError(f"{path} does not end in {ending}, by which other programs know an export to {form}; name it so")
    if path.exists():
        raise CatsError(f"{path} exists; name another place with --output, or remove this one")
    if form == "mlflow" and model.manifest.reading.of_volumes:
        raise CatsError(
            f"{model.manifest.name} is a classifier of volumes, and MLflow serves pictures; export it to onnx or torch"
        )
    images = check_images(model.manifest)
    with atomic_write(path, f"the export of {model.manifest.name}", durable=True) as draft:
        with _explained(model.manifest, form):
            chosen.write(model, draft)
            run = chosen.load(draft)
            largest = max(_difference(model, run, chosen, each) for each in images.batches())
        if not largest <= chosen.tolerance:
            raise CatsError(
                f"the probabilities of the export to {form} differ from those of {model.manifest.name} by up to {largest:.2g}; "
                f"at most {chosen.tolerance:.0e} is allowed, so nothing is written"
            )
    return Export(path, largest, chosen.tolerance, images.words)


def require_format(name: str) -> Format:
    """The format of that name. Raises CatsError if there is none, or if a package that it needs is not installed."""
    if name not in FORMATS:
        raise CatsError(f"there is no export format '{name}'{nearest(name, FORMATS)}")
    missing = [package for package in FORMATS[name].packages if find_spec(package) is None]
    if missing:
        raise CatsError(
            f"exports to {name} need {', '.join(missing)}, not installed here: pip install 'cats-bench[{FORMATS[name].extra}]'"
        )
    return FORMATS[name]


def _difference(model: Model, run: Run, form: Format, pixels: np.ndarray) -> float:
    """The largest difference of a probability between a classifier and its export; infinite where one is no number."""
    expected = model.probabilities(model.outputs(form.seen(pixels, model.manifest.reading)).logits)
    found = run(pixels)
    differences = np.abs(expected - found) if found.shape == expected.shape else np.array([np.inf])
    return float(np.nan_to_num(differences, nan=np.inf).max())


@contextmanager
def _explained(manifest: Manifest, form: str) -> Iterator[None]:
    """Keep the exporters quiet, and raise whatever they raise as a CatsError that names the network."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about code of the exporters, which no user can change
            yield
    except (CatsError, OSError):  # for errors of the disk atomic_write has a sentence
        raise
    except Exception as error:
        backbone = manifest.architecture.backbone
        raise CatsError(
            f"the network {backbone} cannot be exported to {form}: {type(error).__name__}: {first_line(error)}; "
            f"the other formats are {', '.join(sorted({*FORMATS} - {form}))}"
        ) from error
    finally:
        logging.disable(level)
