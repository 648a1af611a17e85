"""The task of both loops: images, weights, a recipe."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmark.networks.network import Network, Trained
from benchmark.networks.weight_file import read_weights
from benchmark.specs.recipe import Recipe

CLASSES = 2


@dataclass(frozen=True)
class Task:
    """The input of both loops: pixels (N, S, S, C) uint8 and labels (N,) of train, val and test; how they are trained."""

    backbone: str
    trained: Trained
    recipe: Recipe
    images: dict[str, tuple[np.ndarray, np.ndarray]]
    real: bool
    workers: int = 0


def task(backbone: str, target: str, recipe: Recipe, most: int | None) -> Task:
    """A task with real images and weights if they are on this machine, else with noise."""
    try:
        images = real_images(target, recipe.size, most)
    except (ImportError, OSError, ValueError):
        return noise(backbone, recipe, most or 500)
    file = weights_file(backbone)
    return Task(backbone, Trained() if file is None else read_weights(file), recipe, images, real=True)


def real_images(target: str, size: int, most: int | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The images of a MedMNIST file of 28 px, enlarged by PIL, as both loops get them."""
    from PIL import Image

    file = Path(os.environ.get("CATS_DATA", "data")) / "medmnist" / f"{target}.npz"
    parts = {}
    with np.load(file, allow_pickle=False) as arrays:
        for part in ("train", "val", "test"):
            pixels, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"][:, 0].astype(np.int64)
            if most is not None:
                count = most if part == "train" else most // 5 if part == "val" else 500
                rows = np.random.default_rng(0).permutation(len(labels))[:count]
                pixels, labels = pixels[rows], labels[rows]
            resized = [np.asarray(Image.fromarray(p).resize((size, size), Image.Resampling.BICUBIC)) for p in pixels]
            parts[part] = (np.stack(resized).reshape(len(labels), size, size, -1), labels)
    return parts


def noise(backbone: str, recipe: Recipe, count: int) -> Task:
    rng = np.random.default_rng(0)
    sizes = {"train": count, "val": max(count // 4, 16), "test": max(count // 4, 16)}
    images = {
        part: (rng.integers(0, 256, (n, recipe.size, recipe.size, 3), dtype=np.uint8), np.arange(n) % CLASSES)
        for part, n in sizes.items()
    }
    return Task(backbone, Trained(), recipe, images, real=False)


def weights_file(backbone: str) -> Path | None:
    file = Path(os.environ.get("CATS_WEIGHTS", "weights")) / f"{backbone}.imagenet.safetensors"
    return file if file.exists() else None


def network_of(what: Task, seed: int) -> Network:
    torch.manual_seed(max(seed, 0))
    return Network(what.backbone, what.trained, CLASSES, what.recipe)
