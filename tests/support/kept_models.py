"""A small kept classifier with random weights, and images of two kinds that it can be used on."""

import numpy as np
import torch

from benchmark.models.manifest import Attribution, Manifest, Reading, Score
from benchmark.models.model import Model, read_model, write_model
from benchmark.models.reference import Reference
from benchmark.models.statistics import image_statistics
from benchmark.networks.architecture import architecture_of
from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe

RECIPE = Recipe(size=32, epochs=1)
CLASSES = ("benign", "malignant")
PART_SIZES = (60, 40, 80)  # train, val, test


def images(count, seed=0, *, channels=3, size=32, bright=0):
    """(images (N, size, size, channels) uint8, labels): noise whose upper half is brighter in class 1."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    made = rng.integers(20, 120, (count, size, size, channels), dtype=np.uint8) + np.uint8(bright)
    made[labels == 1, : size // 2] += np.uint8(80)
    return made, labels


def network(recipe=RECIPE, classes=2, backbone="test_resnet", seed=0, trained=None):
    """Random weights; a pass over images gives batch norm statistics that matter."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = Network(backbone, trained or Trained(), classes, recipe)
        made.train()(torch.from_numpy(images(32, 9, size=recipe.size)[0]).permute(0, 3, 1, 2).float() / 255)
    return made.eval()


def reference(made, *, channels=3, size=32):
    """The reference images of the classifier."""
    pixels, labels = images(sum(PART_SIZES), 1, channels=channels, size=size)
    with torch.inference_mode():
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(255).expand(-1, 3, -1, -1).contiguous()
        features = made.features(batch)
        logits = made.classify(features)
    parts = np.repeat(np.arange(3), PART_SIZES)
    return Reference(features.numpy(), logits.numpy(), labels, image_statistics(pixels), parts)


def manifest(made, recipe=RECIPE, backbone="test_resnet", **changes):
    """The manifest of the classifier."""
    fields = {
        "name": "spots-scratch-test_resnet-0",
        "key": "0" * 64,
        "names": {"source": "scratch", "target": "spots", "backbone": backbone, "seed": "0"},
        "task": "binary",
        "classes": CLASSES,
        "architecture": architecture_of(made, backbone),
        "reading": Reading(size=recipe.size),
        "recipe": recipe,
        "temperature": 1.5,
        "scores": {"auc": Score(value=0.9, low=0.8, high=0.95)},
        "attributions": (Attribution(role="target", name="spots", title="Spots", licence="CC0", citation="The tests, 2026"),),
        "created": 0.0,
    }
    return Manifest(**(fields | changes))


def kept_model(folder, *, channels=3, recipe=RECIPE, backbone="test_resnet", trained=None, **changes) -> Model:
    """Write a classifier to a folder that does not exist yet, and read it."""
    made = network(recipe, len(changes.get("classes", CLASSES)), backbone, trained=trained)
    reading = Reading(size=recipe.size, colour=channels == 3)
    described = manifest(made, recipe, backbone, **({"reading": reading} | changes))
    write_model(folder, described, made, reference(made, channels=channels, size=recipe.size))
    return read_model(folder)
