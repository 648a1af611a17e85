"""Pretraining: a backbone is trained on all classes of a source; its weights become the start of cells."""

from dataclasses import dataclass

import torch

from benchmark.core.seed import seed_of
from benchmark.data.decoded import load_images_cached
from benchmark.data.origin import counted_facts
from benchmark.data.split import split, split_digest
from benchmark.machine.meter import Meter
from benchmark.networks.load import initial_network, weights_of
from benchmark.networks.network import Network, Trained
from benchmark.specs import catalogue
from benchmark.specs.start import Start
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.device_cache import cached_images
from benchmark.training.train import Training

RULE = "min_val_loss"


@dataclass(frozen=True)
class Pretrained:
    """A pretrained network; `trained`: the weights that it started from, which say what its input must look like."""

    network: Network
    trained: Trained
    curves: dict[str, list[float]]
    validation: dict[str, float]
    facts: dict[str, str]


def pretrain(start: Start, meter: Meter, checkpoint: Checkpoint | None = None) -> Pretrained:
    """Train the backbone of a start, which is a pretraining, on its source, from the state in `checkpoint` if there is one.

    Raises CatsError if the loss diverges.
    """
    recipe, before, device = start.recipe, start.start, torch.device(meter.device)
    dataset = catalogue.source(start.source).dataset
    assert recipe is not None
    assert before is not None
    assert dataset is not None
    images = load_images_cached(dataset, recipe.size)
    rows = split(dataset, images)
    seed = seed_of("pretraining", start.source, start.backbone, str(start.seed))
    trained = weights_of(before)

    with meter.phase("pretraining"):
        network = initial_network(before, len(dataset.classes), seed, recipe).to(device)
        train_images, val_images = (cached_images(dataset, recipe.size, rows[part], device) for part in ("train", "val"))
        fit = Training(network, (train_images, val_images), recipe, seed, RULE, start.backbone).run(checkpoint)

    drawn = split_digest(dataset, recipe.size)
    facts = fit.facts() | counted_facts(images) | ({"split": drawn} if drawn else {})
    return Pretrained(network, trained, fit.curves, fit.best(), facts)
