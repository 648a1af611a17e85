"""Whether explanations find what is known to matter: images whose class is the texture of a blob at a random place.

python scripts/explain_lesions.py FOLDER            trains two small networks, explains 150 test images of each; minutes
python scripts/explain_lesions.py FOLDER --quick    few images and epochs, for a first look

FOLDER gets the images with their masks, the target as a YAML entry, the kept classifiers, and their explanations. Nothing but
the blob differs between the classes: background, size, place and mean brightness of the blob follow the same laws.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from benchmark.core.seed import generator
from benchmark.data.decoded import load_images
from benchmark.data.split import split
from benchmark.models.explanation.explain import explain
from benchmark.models.explanation.pictures import target_pictures
from benchmark.models.explanation.sentences import sentences_of
from benchmark.models.explanation.write import write_explanation
from benchmark.models.manifest import Manifest, Reading, Score
from benchmark.models.model import read_model, write_model
from benchmark.models.reference import PART_NAMES, Reference
from benchmark.models.statistics import image_statistics
from benchmark.networks.architecture import architecture_of
from benchmark.networks.network import Network, Trained
from benchmark.specs import catalogue
from benchmark.specs.recipe import Augment, Recipe
from benchmark.training.device_images import on_device
from benchmark.training.evaluate import extract, predict
from benchmark.training.train import fit
from results.metrics import auc

SIDE, CLASSES = 128, ("smooth", "striped")
ENTRY = """\
dataset:
  title: Lesions of known place
  modality: synthetic
  task: binary
  classes: [smooth, striped]
  licence: CC0-1.0
  citation: scripts/explain_lesions.py of cats-bench
  groups: image
  place: {place}
  tree: lesions
  read: {{folders: {{classes: [smooth, striped], include: '^(?!.*_mask)'}}}}
"""
NETWORKS = {
    "cnn": ("mobilenetv2_035", Trained(), Recipe(
        size=SIDE, epochs=12, batch_size=32, lr=2e-3, weight_decay=0.02, precision="fp32", augment=Augment(flip_vertical=0.5),
    )),
    "vit": ("test_vit", Trained(arguments={"img_size": SIDE}), Recipe(
        size=SIDE, epochs=30, batch_size=32, lr=1e-3, weight_decay=0.02, precision="fp32", augment=Augment(flip_vertical=0.5),
    )),
}  # fmt: skip


def picture(label: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An image (SIDE, SIDE) uint8 and its mask, bool."""
    noise = 18 * gaussian_filter(rng.normal(size=(SIDE, SIDE)), 6) / 0.047 + rng.normal(scale=8, size=(SIDE, SIDE))
    radius = rng.uniform(10, 18)
    centre = rng.uniform(radius + 2, SIDE - radius - 2, size=2)
    down, across = np.mgrid[:SIDE, :SIDE] - centre[:, None, None]
    inside = down**2 + across**2 <= radius**2
    turn, phase = rng.uniform(0, np.pi, size=2)
    stripes = 45 * np.sin(2 * np.pi * (down * np.cos(turn) + across * np.sin(turn)) / 7 + phase)
    blob = 70 + (stripes - stripes[inside].mean() if label else 0)
    return np.clip(np.rint(90 + noise + blob * inside), 0, 255).astype(np.uint8), inside


def make_images(folder: Path, per_class: int) -> None:
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        rng = generator("explain_lesions", name)
        for number in range(per_class):
            image, mask = picture(label, rng)
            Image.fromarray(image).save(folder / name / f"{number:04d}.png")
            Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(folder / name / f"{number:04d}_mask.png")


def keep(kind: str, folder: Path, epochs: int | None) -> Path:
    """Train a network with the engine of the project, and keep it. Returns the folder of the classifier."""
    backbone, trained, recipe = NETWORKS[kind]
    recipe = recipe.model_copy(update={"epochs": epochs}) if epochs else recipe
    dataset = catalogue.target("lesions").dataset
    images = load_images(dataset, SIDE)
    rows = split(dataset, images)
    device = torch.device("cpu")
    parts = {name: on_device(images.images[rows[name]], images.labels[rows[name]], device) for name in PART_NAMES}
    torch.manual_seed(0)
    network = Network(backbone, trained, len(CLASSES), recipe)
    start = time.perf_counter()
    fit(network, parts["train"], parts["val"], recipe, seed=0)
    logits = [predict(network, parts[name], torch.float32).numpy() for name in PART_NAMES]
    features = [extract(network, parts[name], torch.float32).numpy() for name in PART_NAMES]
    test, labels = images.labels[rows["test"]], np.concatenate([images.labels[rows[name]] for name in PART_NAMES])
    accuracy = float((logits[2].argmax(axis=1) == test).mean())
    score = auc(test, torch.from_numpy(logits[2]).double().softmax(dim=1).numpy())
    print(f"{kind}: {backbone}, {time.perf_counter() - start:.0f} s, test accuracy {accuracy:.3f}, AUC {score:.3f}", flush=True)
    pixels = np.concatenate([images.images[rows[name]] for name in PART_NAMES])
    reference = Reference(
        np.concatenate(features), np.concatenate(logits), labels, image_statistics(pixels),
        np.repeat(np.arange(3), [len(rows[name]) for name in PART_NAMES]),
    )  # fmt: skip
    manifest = Manifest(
        name=f"lesions-scratch-{backbone}-0", key=f"{kind:0<64}", task="binary", classes=CLASSES,
        names={"source": "scratch", "target": "lesions", "backbone": backbone, "seed": "0"},
        architecture=architecture_of(network, backbone), reading=Reading(size=SIDE, colour=False), recipe=recipe,
        scores={"accuracy": Score(value=accuracy), "auc": Score(value=score)}, created=0.0,
    )  # fmt: skip
    write_model(folder / kind, manifest, network, reference)
    return folder / kind


def main(arguments: list[str]) -> None:
    folder, quick = Path(arguments[0]).resolve(), "--quick" in arguments
    os.environ["CATS_ENTRIES"] = str(folder / "entries")
    if not (folder / "lesions").exists():
        make_images(folder / "lesions", 60 if quick else 500)
    (folder / "entries" / "targets").mkdir(parents=True, exist_ok=True)
    (folder / "entries" / "targets" / "lesions.yaml").write_text(ENTRY.format(place=folder))
    for kind in NETWORKS:
        kept = folder / kind if (folder / kind).exists() else keep(kind, folder, 1 if quick else None)
        model = read_model(kept)
        start = time.perf_counter()
        made = explain(model, target_pictures(model.manifest, None), check=10 if quick else 150)
        write_explanation(made, model.folder / "explanations")
        print(*sentences_of(made), f"{time.perf_counter() - start:.0f} s", sep="\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
