"""A network that was trained on the target itself: that of a scratch cell of the plan, or the target's own pretraining."""

from dataclasses import dataclass
from itertools import product

import torch

from benchmark.core.paths import features_folder
from benchmark.core.trainer_version import TRAINER
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.data.identity import data_digest
from benchmark.execution.network_store import network_path, stored_network
from benchmark.networks.precision import evaluation_precision
from benchmark.specs.cell import Cell
from benchmark.specs.lineage import lineage
from benchmark.specs.needs import Array, Undefined
from benchmark.specs.recipe import Recipe
from benchmark.specs.resolve import start_of
from benchmark.specs.resolved import ResolvedPlan
from benchmark.specs.start import Start, is_pretrained
from benchmark.training import evaluate
from benchmark.training.device_images import on_device
from benchmark.training.features import features_of, load_features, save_features
from results.error import CatsError
from results.files.digest import digest


@dataclass(frozen=True)
class TargetTrained:
    """Where a network comes from that was trained on a target: a cell whose network is stored, or a pretraining."""

    made: Cell | Start
    classes: int

    @property
    def key(self) -> str:
        """The key of the cell or of the start."""
        return self.made.key


def untrained(backbone: str) -> Start:
    """The start of a backbone with random weights that is the same for every source."""
    return Start(kind="random", source="scratch", backbone=backbone, seed=0)


def target_trained(plan: ResolvedPlan, dataset: Dataset, backbone: str) -> TargetTrained | None:
    """The network on this machine that was trained on the data set of a target from random weights, on one backbone.

    The network of a cell comes first (`keep: all` or `best` stores them): of the first sub-sample, point and seed that has one
    and sees images of the size at which measures see them. Then the target as a source that is pretrained. None if there is
    neither.
    """
    name = next(name for name, target in plan.targets.items() if target.dataset == dataset)
    for (source, own), starts in plan.starts.items():
        combined = product(plan.targets[name].used(plan.plan.subsample), plan.points, starts.items())
        for subsample, point, (seed, start) in combined if own == backbone else ():
            if start.kind != "random" or point.size != plan.points[0].size:
                continue
            cell = Cell(
                source=source, target=name, backbone=backbone, recipe=point, seed=seed, rule=plan.plan.rule,
                subsample=subsample, data=plan.data[name], start=start,
            )  # fmt: skip
            if network_path(cell.key).exists():
                return TargetTrained(cell, len(dataset.classes))
    try:
        links = lineage(dataset.name)
        if links[0].dataset is None or data_digest(links[0].dataset) != data_digest(dataset):
            return None
        start = start_of(links, backbone, plan.plan.seeds[0], plan.plan.pretraining, plan.registry)
    except CatsError:
        return None
    return TargetTrained(start, len(dataset.classes)) if start.kind == "pretraining" and is_pretrained(start) else None


def trained_key(plan: ResolvedPlan, dataset: Dataset, backbone: str) -> str | None:
    """The key of what target_trained finds; None if it finds nothing."""
    found = target_trained(plan, dataset, backbone)
    return found.key if found is not None else None


Seen = Start | TargetTrained | None


def features_through(found: Seen, images: Decoded, rows: Array, recipe: Recipe, device: str) -> Array:
    """Features (N, F) float32 of the images at `rows` in their order, through the network of a start or a trained one.

    They are loaded if they are stored. Raises Undefined if there is no network, or only a damaged one.
    """
    made = found.made if isinstance(found, TargetTrained) else found
    if isinstance(made, Start):
        return features_of(made, images, rows, recipe, device)
    if not isinstance(found, TargetTrained) or made is None:
        raise _missing()
    precise = evaluation_precision(recipe)
    path = features_folder() / f"{digest(['cell', TRAINER, made.key, images.digest, digest(rows.tolist()), str(precise)])}.npy"
    features = load_features(path)
    if features is None:
        network = stored_network(made, found.classes)
        if network is None:
            raise _missing()
        inputs = on_device(images.images[rows], images.labels[rows], torch.device(device))
        features = evaluate.extract(network.to(device), inputs, precise).cpu().numpy()
        save_features(path, features)
    return features


def _missing() -> Undefined:
    return Undefined(
        "no target-trained network: no network of a scratch cell of this target and backbone is kept (`keep: all` in the plan "
        "keeps them), and the target has not been pretrained as a source"
    )
