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
    reading = manifest.reading
    volume = f"; the {reading.slices} slices of a volume lie one below the other" if reading.slices > 1 else ""
    return {
        "cats.name": manifest.name,
        "cats.key": manifest.key,
        "cats.task": manifest.task,
        "cats.classes": json.dumps(manifest.classes),
        "cats.input": f"{INPUT}: float32 (N, 3, {reading.height}, {reading.size}), RGB in [0, 1]; a grey picture has "
        f"three equal channels; the graph normalises the images{volume}",
        "cats.outputs": "probabilities: (N, C), calibrated; logits: (N, C), before the temperature",
        "cats.temperature": str(manifest.temperature or 1.0),
        "cats.use": "research software, no medical device",
    }


def as_images(pixels: np.ndarray) -> np.ndarray:
    """(N, S, S, 1 or 3) uint8 → the input of the graph: (N, 3, S, S) float32 in [0, 1]."""
    wide = np.broadcast_to(pixels, (*pixels.shape[:3], 3)).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(wide, np.float32) / np.float32(255)
