"""Easy pictures and a small network, for tests of training."""

import numpy as np
import torch

from benchmark.networks.network import PLAIN, Network, Trained
from benchmark.specs.recipe import Recipe
from benchmark.training.device_images import Images, on_device

CPU = torch.device("cpu")


def stripes(count: int, seed: int = 0, *, multilabel: bool = False, side: int = 16, bright: int = 120) -> Images:
    """Grey noise; class 1 has a bright upper half."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pixels = rng.integers(0, 120, (count, side, side, 1), dtype=np.uint8)
    pixels[labels == 1, : side // 2] += np.uint8(bright)
    return on_device(pixels, np.stack([labels, 1 - labels], 1) if multilabel else labels, CPU)


def network(recipe: Recipe = PLAIN, seed: int = 0, classes: int = 2, backbone: str = "test_resnet") -> Network:
    """Untrained, the same for the same seed."""
    torch.manual_seed(seed)
    return Network(backbone, Trained(), classes, recipe)


def state(made: Network) -> dict[str, torch.Tensor]:
    """A copy of all weights and statistics."""
    return {name: value.clone() for name, value in made.state_dict().items()}
