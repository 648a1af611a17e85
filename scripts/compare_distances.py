#!/usr/bin/env python
"""How well scores of unlikeness tell test images of a kept classifier from other images: the table in docs/models.md.

    .venv/bin/python scripts/compare_distances.py MODEL ...

MODEL: folders of kept classifiers whose targets are in CATS_DATA. Each line is a score; each cell has the AUROC of the test
images of the target against other images, and the share of these that is flagged. A threshold is the 95 % quantile of the
validation images. Other images are test images of other targets, at most 200, noise, and the own test images inverted, upside
down and blurred.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score

from benchmark.models.check_images import real_images
from benchmark.models.distance import ORDINARY, Distance, upper_quantile
from benchmark.models.model import Model, Outputs, read_model, softened
from benchmark.models.reference import Reference

OTHERS = ("breastmnist", "pneumoniamnist", "retinamnist", "idc")
VARIANCE = 0.95  # of the training features that the principal components keep
Score = Callable[[Outputs], np.ndarray]


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        model = read_model(folder)
        own = real_images(model.manifest).pixels
        others = {name: model.outputs(pixels) for name, pixels in other_images(model, own).items()}
        validation, own_outputs = (part_of(model.reference.of(name)) for name in ("val", "test"))
        print(f"\n{model.manifest.name}, {len(own_outputs.features)} test and {len(validation.features)} validation images\n")
        print(f"| score | own test images | {' | '.join(others)} |\n| --- |{' ---: |' * (len(others) + 1)}")
        for name, score in scores(model).items():
            limit, ordinary = upper_quantile(score(validation), ORDINARY), score(own_outputs)
            cells = [f"{(ordinary > limit).mean():.0%}"]
            for other in others.values():
                found = score(other)
                truth = np.repeat([0, 1], [len(ordinary), len(found)])
                cells.append(f"{roc_auc_score(truth, np.concatenate([ordinary, found])):.2f}, {(found > limit).mean():.0%}")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def part_of(reference: Reference) -> Outputs:
    return Outputs(reference.features, reference.logits)


def scores(model: Model) -> dict[str, Score]:
    """Each score by its name: larger for images that are less like the training images."""
    training = model.reference.of("train")
    features, labels = training.features.astype(np.float64), training.labels
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)

    def neighbour(rank: int) -> Score:
        return lambda outputs: Distance(unit.astype(np.float32), rank, np.inf).score(outputs.features)

    mean = features.mean(axis=0)
    _, spread, axes = np.linalg.svd(features - mean, full_matrices=False)
    kept = axes[: int(np.searchsorted(np.cumsum(spread**2) / np.sum(spread**2), VARIANCE)) + 1]

    def residual(outputs: Outputs) -> np.ndarray:
        centred = outputs.features - mean
        return np.linalg.norm(centred - centred @ kept.T @ kept, axis=1)

    means = np.stack([features[labels == each].mean(axis=0) for each in np.unique(labels)])
    within = LedoitWolf().fit(features - means[np.unique(labels, return_inverse=True)[1]]).precision_
    whole = LedoitWolf().fit(features - mean).precision_

    def mahalanobis(outputs: Outputs) -> np.ndarray:
        return np.min([squared(outputs.features - each, within) for each in means], axis=0)

    return {
        "**50th neighbour**": neighbour(50), "10th neighbour": neighbour(10), "residual of principal components": residual,
        "Mahalanobis": mahalanobis,
        "relative Mahalanobis": lambda outputs: mahalanobis(outputs) - squared(outputs.features - mean, whole),
        "1 − largest probability": lambda outputs: 1 - softened(outputs.logits, model.manifest.task).max(axis=1),
    }  # fmt: skip


def squared(centred: np.ndarray, precision: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("nd,de,ne->n", centred, precision, centred, optimize=True))


def other_images(model: Model, own: np.ndarray) -> dict[str, np.ndarray]:
    """Name → (N, S, S, 1 or 3) uint8 images of other kinds, with as many channels as the classifier's own."""
    size, manifest = model.manifest.reading.size, model.manifest
    found = {}
    for name in OTHERS:
        if name != manifest.names["target"]:
            pixels = real_images(manifest.model_copy(update={"names": {"target": name}})).pixels
            found[name] = np.stack([with_channels(each, own.shape[-1]) for each in pixels])
    rng = np.random.default_rng(0)
    blur = ImageFilter.GaussianBlur(size / 64)
    return found | {
        "noise": rng.integers(0, 256, (200, *own.shape[1:]), dtype=np.uint8), "inverted": 255 - own,
        "upside down": own[:, ::-1],
        "blurred": np.stack([np.asarray(picture(each).filter(blur)).reshape(each.shape) for each in own]),
    }  # fmt: skip


def with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    return np.asarray(picture(image).convert("L" if channels == 1 else "RGB")).reshape(*image.shape[:2], channels)


def picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


if __name__ == "__main__":
    main()
