"""The graph of a kept classifier that other programs run: images → probabilities, with all numbers of the classifier inside."""

import json

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.models.manifest import Manifest
from benchmark.models.model import Model
from benchmark.networks.architecture import network_of
from benchmark.networks.network import Network

INPUT, OUTPUTS = "images", ("probabilities", "logits")
CHECKED = (1, 3, 12)  # images of each batch with which an export is compared: one image, and numbers that no export has seen


class Portable(nn.Module):
    """Images (N, 3, S, S), float32 in [0, 1], RGB → calibrated probabilities (N, C) and logits (N, C).

    Normalisation, order of the channels and temperature are inside, so that no program that uses the export can forget them.
    """

    def __init__(self, network: Network, manifest: Manifest) -> None:
        super().__init__()
        self.network = network
        self.temperature = manifest.temperature or 1.0
        self.multilabel = manifest.task == "multilabel"

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, S, S) → the probabilities, divided by the temperature before the softmax or sigmoid, and the logits."""
        logits = self.network(images)
        calibrated = logits / self.temperature
        probabilities = torch.sigmoid(calibrated) if self.multilabel else torch.softmax(calibrated, dim=1)
        return probabilities, logits


def portable(model: Model) -> Portable:
    """The graph of a model on the CPU, with the layers of torch: those that are fast here only belong in no export."""
    network = network_of(model.manifest.architecture, len(model.manifest.classes))
    network.load_state_dict(model.network.state_dict())
    return Portable(network, model.manifest).eval().requires_grad_(requires_grad=False)


def facts(manifest: Manifest) -> dict[str, str]:
    """What a program must know to use the graph, as texts that an export carries with it."""
    size = manifest.reading.size
    return {
        "cats.name": manifest.name,
        "cats.key": manifest.key,
        "cats.task": manifest.task,
        "cats.classes": json.dumps(manifest.classes),
        "cats.input": f"{INPUT}: float32 (N, 3, {size}, {size}), RGB in [0, 1]; a grey picture has three equal channels; the "
        "graph normalises the images",
        "cats.outputs": "probabilities: (N, C), calibrated; logits: (N, C), before the temperature",
        "cats.temperature": str(manifest.temperature or 1.0),
        "cats.use": "research software, no medical device",
    }


def check_images(manifest: Manifest) -> list[np.ndarray]:
    """Batches of (N, S, S, 1 or 3) uint8 images with which an export is compared with the classifier.

    A model folder holds no pixels, so the images are drawn: smooth fields with noise, about mean and spread of the data that
    the backbone was trained with, from a fixed seed.
    """
    rng = np.random.default_rng(0)
    size, channels = manifest.reading.size, 3 if manifest.reading.colour else 1
    mean = np.resize(np.asarray(manifest.architecture.mean), channels)
    spread = np.resize(np.asarray(manifest.architecture.std), channels)
    batches = []
    for count in CHECKED:
        coarse = rng.normal(size=(count, 4, 4, channels)).repeat(-(-size // 4), axis=1).repeat(-(-size // 4), axis=2)
        drawn = coarse[:, :size, :size] + 0.3 * rng.normal(size=(count, size, size, channels))
        batches.append(np.clip((mean + spread * drawn) * 255, 0, 255).astype(np.uint8))
    return batches


def as_images(pixels: np.ndarray) -> np.ndarray:
    """(N, S, S, 1 or 3) uint8 → the input of the graph: (N, 3, S, S) float32 in [0, 1]."""
    wide = np.broadcast_to(pixels, (*pixels.shape[:3], 3)).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(wide, np.float32) / np.float32(255)
