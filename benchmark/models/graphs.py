"""Writes the graph of a kept classifier as torch.export and as ONNX, and reads it the way other programs do."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.export import Dim, ExportedProgram

from benchmark.models.model import Model
from benchmark.models.portable import INPUT, OUTPUTS, as_images, facts, portable
from results.error import CatsError

# What an export gives for (N, S, S, 1 or 3) uint8 images: the calibrated probabilities (N, C).
Run = Callable[[np.ndarray], np.ndarray]
BATCH = "batch"  # the dimension whose length is free


def traced(model: Model) -> ExportedProgram:
    """The graph of a classifier as torch.export traces it, with a free number of images."""
    reading = model.manifest.reading
    with torch.no_grad():
        example = torch.zeros(2, 3, reading.height, reading.size)
        program = torch.export.export(portable(model), (example,), dynamic_shapes={INPUT: {0: Dim(BATCH, min=1)}})
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # holds folders of this machine
    program.example_inputs = None  # would be stored as a pickle
    return program


def write_torch(model: Model, path: Path) -> None:
    """Write a .pt2 file without any pickle."""
    content = io.BytesIO()  # given a path, torch would write the name of the draft into the file
    torch.export.save(traced(model), content, extra_files=facts(model.manifest))
    path.write_bytes(content.getvalue())


def load_torch(path: Path) -> Run:
    """Load a .pt2 file of this process; see the warning in docs/serving.md about files of others."""
    graph = torch.export.load(path).module()

    def run(pixels: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(graph(torch.from_numpy(as_images(pixels)))[0].numpy())

    return run


def write_onnx(model: Model, path: Path) -> None:
    """Write an ONNX file with the weights in it."""
    made = torch.onnx.export(traced(model), input_names=[INPUT], output_names=list(OUTPUTS), dynamo=True, verbose=False)
    if made is None:
        raise CatsError(f"torch has exported nothing of {model.manifest.architecture.backbone}")
    proto: Any = made.model_proto
    proto.doc_string = "A kept classifier of cats-bench: research software, no medical device."
    for part in (proto.graph, *proto.graph.node, *proto.functions):
        part.doc_string = ""
        del part.metadata_props[:]  # of torch, with folders of this machine
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    for key, text in facts(model.manifest).items():
        proto.metadata_props.add(key=key, value=text)
    path.write_bytes(proto.SerializeToString())


def load_onnx(path: Path) -> Run:
    """Check an ONNX file and load it with onnxruntime, on the CPU."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda pixels: np.asarray(session.run([OUTPUTS[0]], {INPUT: as_images(pixels)})[0])
