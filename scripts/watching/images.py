"""Real images as numbers of a real network, and the changes that `cats watch` is tried on."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from benchmark.data.decoded import load_images
from benchmark.data.squares import resized_square
from benchmark.models.statistics import image_statistics
from benchmark.networks.network import Network
from benchmark.networks.weight_file import read_weights
from benchmark.specs import catalogue
from benchmark.specs.recipe import Recipe

SIZE = 64  # pixels, of the input of the network
TRAINED = 1500  # images, at the most
EPOCHS = 10  # of the fine-tuned network
NATIVE = {"idc": 50, "pneumoniamnist": 28, "breastmnist": 28, "retinamnist": 28}
Change = Callable[[np.ndarray], np.ndarray]


def brighter(image: np.ndarray) -> np.ndarray:
    return np.minimum(image * 1.1, 255).round().astype(np.uint8)


def by_pillow(change: Callable[[Image.Image], Image.Image]) -> Change:
    def changed(image: np.ndarray) -> np.ndarray:
        return np.asarray(change(Image.fromarray(image.squeeze()))).reshape(image.shape)

    return changed


def jpeg(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=30)
    return Image.open(file)


def stained(image: np.ndarray) -> np.ndarray:
    """20 % more haematoxylin and 20 % less eosin."""
    from skimage.color import hed2rgb, rgb2hed

    return (hed2rgb(rgb2hed(image) * (1.2, 0.8, 1.0)) * 255).round().astype(np.uint8)


CHANGES: dict[str, Change] = {
    "brightness + 10 %": brighter,
    "blur, Gaussian of 1 px": by_pillow(lambda picture: picture.filter(ImageFilter.GaussianBlur(1))),
    "JPEG of quality 30": by_pillow(jpeg),
    "stain: + 20 % haematoxylin, - 20 % eosin": stained,
}


@dataclass(frozen=True)
class Images:
    """Images as numbers; `parts` and `groups` as the data set says; with what a classifier has said of them, or without."""

    features: np.ndarray
    statistics: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    groups: np.ndarray
    predicted: np.ndarray
    distance: np.ndarray

    def rows(self, chosen: np.ndarray) -> "Images":
        return Images(*(values[chosen] for values in vars(self).values()))


def backbone() -> Network:
    file = Path(os.environ["CATS_WEIGHTS"]) / "mobilenetv2_035.imagenet.safetensors"
    return Network("mobilenetv2_035", read_weights(file), 2, Recipe(size=SIZE)).eval()


def pixels_of(name: str, *, grey: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, labels, parts and groups of a data set, in the size of its files."""
    decoded = load_images(catalogue.target(name).dataset, NATIVE[name])
    pixels = np.asarray(decoded.images)
    if grey:
        pixels = np.stack([np.asarray(Image.fromarray(each).convert("L")) for each in pixels])[..., None]
    return pixels, decoded.labels, decoded.parts, np.unique(decoded.groups, return_inverse=True)[1]


def measured(network: Network, pixels: np.ndarray, labels: np.ndarray, parts: np.ndarray, groups: np.ndarray) -> Images:
    inputs = np.stack([resized_square(each, SIZE) for each in pixels])
    features = []
    with torch.inference_mode():
        for batch in np.array_split(inputs, max(1, len(inputs) // 256)):
            tensor = torch.from_numpy(batch).permute(0, 3, 1, 2).float().div(255).expand(-1, 3, -1, -1)
            features.append(network.features(tensor.contiguous()).numpy())
    shapes = np.broadcast_to(pixels.shape[1:3], (len(pixels), 2))
    unknown = np.zeros(len(labels))
    return Images(np.concatenate(features), image_statistics(inputs, shapes), labels, parts, groups, unknown, unknown)


def fine_tuned(pixels: np.ndarray, labels: np.ndarray) -> Network:
    """The network trained on the training images of `case_of`, until it knows them by heart."""
    torch.manual_seed(0)
    network = backbone().train()
    rows = training_rows(len(labels), TRAINED)
    inputs = torch.from_numpy(np.stack([resized_square(pixels[row], SIZE) for row in rows])).permute(0, 3, 1, 2)
    truth = torch.from_numpy(labels[rows])
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(rows)).split(64):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(inputs[batch].float() / 255), truth[batch]).backward()
            optimiser.step()
    return network.eval()


def training_rows(count: int, training: int) -> np.ndarray:
    """The rows that are no held-out images."""
    return np.random.default_rng(1).permutation(count)[:training]
