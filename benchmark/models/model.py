"""A kept classifier: a folder with a manifest, the weights and the reference images, and the network made of them."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from benchmark.data.volumes import slice_count
from benchmark.models.manifest import FORMAT, MANIFEST, REFERENCE, WEIGHTS, Manifest
from benchmark.models.reference import Reference, read_reference
from benchmark.networks.architecture import network_of
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.network import Network
from benchmark.networks.weight_file import sort_header
from benchmark.training.device_images import as_float
from results.error import CatsError, damage_of, first_line, nearest
from results.files.atomic import atomic_write
from results.record import Task
from results.text.brief import short

AGAIN = "`cats keep` makes the folder again"
FILES = (WEIGHTS, REFERENCE)  # what lies in the folder beside the manifest, each with its checksum
BATCH = 256
NO_NUMBER = "the network gives no finite numbers for this picture"


@dataclass(frozen=True)
class Outputs:
    """What the network gives for images.

    Attributes:
        features: (N, D) float32, the input of the head.
        logits: (N, C) float32.
    """

    features: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True)
class Model:
    """A kept classifier that has been read.

    Attributes:
        network: in evaluation mode, float32, on its device.
    """

    folder: Path
    manifest: Manifest
    network: Network = field(repr=False)

    @cached_property
    def reference(self) -> Reference:
        """The reference images. Raises CatsError if their file is damaged."""
        return read_reference(self.folder / REFERENCE)

    def outputs(self, images: np.ndarray) -> Outputs:
        """Features and logits of (N, size, size, 1 or 3) uint8 images, computed in float32."""
        return outputs_of(self.network, images)

    def probabilities(self, logits: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        """(N, C) logits → (N, C) float64: softmax, or one sigmoid per label; divided by the temperature if `calibrated`."""
        return probabilities_of(logits, self.manifest, calibrated=calibrated)


def outputs_of(network: Network, images: np.ndarray) -> Outputs:
    """What a network in evaluation mode gives for (N, size, size, 1 or 3) uint8 images, or strips, computed in float32."""
    device = network.head.weight.device
    parts = []
    with torch.inference_mode():
        most = max(1, BATCH // slice_count(*images.shape[1:3]))
        for start in range(0, len(images), most):
            pixels = torch.from_numpy(np.ascontiguousarray(images[start : start + most])).permute(0, 3, 1, 2)
            features = network.features(as_float(pixels.to(device)))
            parts.append((features.float().cpu().numpy(), network.classify(features).float().cpu().numpy()))
    if not parts:
        width = network.feature_count  # before dense layers, which the head's inputs come after
        return Outputs(np.zeros((0, width), np.float32), np.zeros((0, network.head.out_features), np.float32))
    return Outputs(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def probabilities_of(logits: np.ndarray, manifest: Manifest, *, calibrated: bool = True) -> np.ndarray:
    """(N, C) logits → (N, C) float64 probabilities; see Model.probabilities."""
    return softened(logits, manifest.task, manifest.temperature if calibrated else None)


def softened(logits: np.ndarray, task: Task, temperature: float | None = None) -> np.ndarray:
    """(N, C) logits → (N, C) float64: softmax, or one sigmoid per label, of the logits divided by the temperature."""
    from scipy.special import expit, softmax

    wide = np.asarray(logits, np.float64) / (temperature or 1.0)
    return np.asarray(expit(wide) if task == "multilabel" else softmax(wide, axis=1))


def predicted_classes(probabilities: np.ndarray, task: Task) -> np.ndarray:
    """(N, C) probabilities → (N, C) bool: the class of the largest one; of several labels all whose probability is >= 0.5."""
    if task == "multilabel":
        return probabilities >= 0.5
    return np.asarray(probabilities.argmax(axis=1)[:, None] == np.arange(probabilities.shape[1]))


def write_model(folder: Path, manifest: Manifest, network: Network, reference: Reference) -> Manifest:
    """Write a model folder: whole or not at all. Returns the manifest with the digests of the files.

    Equal weights give equal bytes. Raises CatsError if the folder exists and has content, or if the disk refuses.
    """
    if folder.exists() and any(folder.iterdir()):
        raise CatsError(f"{folder} exists and is not empty; name another folder, or remove this one")
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_write(folder, f"the model {manifest.name}", durable=True) as draft:
        draft.mkdir()
        (draft / WEIGHTS).write_bytes(sort_header(save(state, {"key": manifest.key})))
        reference.write(draft / REFERENCE)
        whole = manifest.model_copy(update={"digests": {name: _sha256(draft / name) for name in FILES}})
        text = whole.model_dump_json(indent=1, exclude={"reading": manifest.reading.unwritten})
        (draft / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
    return whole


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder. Raises CatsError if there is none, if it is damaged, or of a newer format."""
    if not folder.is_dir():
        raise CatsError(f"{folder} is no folder; name the folder of a kept classifier, as `cats keep` prints it")
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        newest = content["format"]
    except FileNotFoundError:
        raise CatsError(f"{folder} holds no {MANIFEST}, so it is not the folder of a kept classifier") from None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CatsError(f"{path} is damaged: {damage_of(error)}; {AGAIN}") from error
    if isinstance(newest, int) and newest > FORMAT:
        raise CatsError(f"{folder} has format {newest}; this version of cats reads formats up to {FORMAT}: install a newer one")
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise CatsError(f"{path} is damaged: {first_line(error)}; {AGAIN}") from error
    for name in manifest.digests:  # a name such as ../x would lead out of the folder, and these files are read and copied
        if name not in FILES:
            raise CatsError(f"{path} is damaged: digests names '{short(name)}'{nearest(name, FILES)}; {AGAIN}")
    return manifest


def read_model(folder: Path, device: str = "cpu") -> Model:
    """Read a kept classifier: manifest, checksums of all files, network on the device.

    Raises CatsError if a file is missing or damaged, or if the weights do not fit the network that the manifest describes.
    """
    manifest = read_manifest(folder)
    for name in FILES:
        _require_whole(folder / name, manifest.digests.get(name))
    try:
        network = network_of(manifest.architecture, len(manifest.classes))
    except CatsError as error:
        raise CatsError(f"{folder / MANIFEST} describes no network: {error}") from error
    try:
        network.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise CatsError(f"{folder / WEIGHTS} does not hold the weights that {MANIFEST} describes; {AGAIN}") from error
    network = network.to(device).eval()
    optimise_for_device(network)
    return Model(folder, manifest, network)


def _require_whole(path: Path, expected: str | None) -> None:
    """Compare a file with its checksum in the manifest. Raises CatsError if it is missing or differs."""
    if not path.is_file():
        raise CatsError(f"{path} is missing; {AGAIN}")
    if expected is None:
        raise CatsError(f"{path.parent / MANIFEST} names no checksum of {path.name}; {AGAIN}")
    try:
        found = _sha256(path)
    except OSError as error:
        raise CatsError(f"{path} cannot be read: {error.strerror}") from error
    if found != expected:
        raise CatsError(f"{path} is damaged: its sha256 is {found[:12]}…, expected {expected[:12]}…; {AGAIN}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
