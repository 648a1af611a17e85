"""Exports of a kept classifier for programs without cats: torch.export and ONNX, each run and compared before it is written."""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.export import Dim, ExportedProgram

from benchmark.models.manifest import Manifest
from benchmark.models.model import Model
from benchmark.models.portable import INPUT, OUTPUTS, Portable, as_images, check_images, facts, portable
from results.error import CatsError, first_line, nearest
from results.files.atomic import atomic_write

# What an export takes: (N, 3, S, S) images → (N, C) probabilities.
Run = Callable[[np.ndarray], np.ndarray]
BATCH = "batch"  # the dimension whose length is free


@dataclass(frozen=True)
class Format:
    """A form of export.

    Attributes:
        file: name of the file in the model folder.
        tolerance: largest difference of a probability from the classifier's that is accepted.
        packages: modules that must be installed. extra: the extra of cats-bench that brings them.
        write: writes the file. load: reads the file the way a user would, and gives a function that runs the graph.
    """

    file: str
    tolerance: float
    packages: tuple[str, ...]
    extra: str
    write: Callable[[ExportedProgram, Manifest, Path], None]
    load: Callable[[Path], Run]


@dataclass(frozen=True)
class Export:
    """A file that was written, and the largest difference of its probabilities from those of the classifier."""

    path: Path
    largest: float
    tolerance: float
    images: int


def export(model: Model, form: str, to: Path | None = None, pixels: np.ndarray | None = None) -> Export:
    """Export a classifier to a file, by default inside the model folder.

    The file is loaded and run on images of several batch sizes before it gets its name.

    Args:
        model: what is exported.
        form: a name of FORMATS.
        to: the file; it must not exist.
        pixels: (N, S, S, 1 or 3) uint8, further images that the export is compared on.

    Raises:
        CatsError: if the format is unknown, a package is missing, the file exists, the network cannot be exported, or the
            probabilities differ by more than the tolerance of the format. Nothing is written then.
    """
    chosen = require_format(form)
    path = to or model.folder / chosen.file
    if path.exists():
        raise CatsError(f"{path} exists; name another file with --to, or remove this one")
    batches = [*check_images(model.manifest), *([] if pixels is None else [pixels])]
    program = traced(portable(model), model.manifest)
    with atomic_write(path, f"the export of {model.manifest.name}", durable=True) as draft:
        with _explained(model.manifest, form):
            chosen.write(program, model.manifest, draft)
            run = chosen.load(draft)
            largest = max(_difference(model, run, each) for each in batches)
        if not largest <= chosen.tolerance:
            raise CatsError(
                f"the probabilities of the export to {form} differ from those of {model.manifest.name} by up to {largest:.2g}; "
                f"at most {chosen.tolerance:.0e} is allowed, so nothing is written"
            )
    return Export(path, largest, chosen.tolerance, sum(map(len, batches)))


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


def traced(graph: Portable, manifest: Manifest) -> ExportedProgram:
    """The graph as torch.export traces it, with a free number of images. Raises CatsError if that is not possible."""
    size = manifest.reading.size
    example = torch.zeros(2, 3, size, size)
    with _explained(manifest, "torch"), torch.no_grad():
        program = torch.export.export(graph, (example,), dynamic_shapes={INPUT: {0: Dim(BATCH, min=1)}})
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # holds folders of this machine
    program.example_inputs = None  # would be stored as a pickle
    return program


def _difference(model: Model, run: Run, pixels: np.ndarray) -> float:
    """The largest difference of a probability between a classifier and its export; infinite where one is no number."""
    expected = model.probabilities(model.outputs(pixels).logits)
    found = run(as_images(pixels))
    differences = np.abs(expected - found) if found.shape == expected.shape else np.array([np.inf])
    return float(np.nan_to_num(differences, nan=np.inf).max())


@contextmanager
def _explained(manifest: Manifest, form: str) -> Iterator[None]:
    """Keep the exporters quiet, and raise whatever they raise as a CatsError that names the network."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about code of torch's exporters, which no user can change
            yield
    except CatsError:
        raise
    except OSError:
        raise  # of the disk, for which atomic_write has a sentence
    except Exception as error:  # exporters raise errors of every class, also of their own
        backbone = manifest.architecture.backbone
        raise CatsError(
            f"the network {backbone} cannot be exported to {form}: {type(error).__name__}: {first_line(error)}; "
            f"the other formats are {', '.join(sorted({*FORMATS} - {form}))}"
        ) from error
    finally:
        logging.disable(level)


def _write_torch(program: ExportedProgram, manifest: Manifest, path: Path) -> None:
    content = io.BytesIO()  # given a path, torch would write the name of the draft into the file
    torch.export.save(program, content, extra_files=facts(manifest))
    path.write_bytes(content.getvalue())


def _load_torch(path: Path) -> Run:
    graph = torch.export.load(path).module()

    def run(images: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(graph(torch.from_numpy(images))[0].numpy())

    return run


def _write_onnx(program: ExportedProgram, manifest: Manifest, path: Path) -> None:
    made = torch.onnx.export(program, input_names=[INPUT], output_names=list(OUTPUTS), dynamo=True, verbose=False)
    if made is None:
        raise CatsError(f"torch has exported nothing of {manifest.architecture.backbone}")
    proto: Any = made.model_proto
    proto.doc_string = "A kept classifier of cats-bench: research software, no medical device."
    for part in (proto.graph, *proto.graph.node, *proto.functions):
        part.doc_string = ""
        del part.metadata_props[:]  # of torch, with folders of this machine
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    for key, text in facts(manifest).items():
        proto.metadata_props.add(key=key, value=text)
    path.write_bytes(proto.SerializeToString())


def _load_onnx(path: Path) -> Run:
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run([OUTPUTS[0]], {INPUT: images})[0])


FORMATS = {
    "onnx": Format("model.onnx", 1e-4, ("onnx", "onnxscript", "onnxruntime"), "onnx", _write_onnx, _load_onnx),
    "torch": Format("model.pt2", 1e-5, (), "", _write_torch, _load_torch),
}
