"""Time the linear probe of several draws of images and values of C: features extracted for each draw, or once for all."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from training.plain import Pictures, outputs
from training.task import Task, network_of

from benchmark.machine.timm_import import declare_missing
from benchmark.networks.precision import evaluation_precision
from benchmark.training import evaluate
from benchmark.training.device_images import on_device
from results.metrics import auc

Draws = Sequence[np.ndarray]


def in_turn(what: Task, draws: Draws, device: torch.device) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of three rounds of both methods, in turn, and test AUC of each draw."""
    seconds: dict[str, list[float]] = {"each time": [], "engine": []}
    areas = {}
    for count in range(4):  # the first round warms up and does not count
        for name, way in (("each time", probed_each_time), ("engine", probed_once)):
            start = time.perf_counter()
            areas[name] = way(what, draws, device)
            if count:
                seconds[name].append(time.perf_counter() - start)
    return seconds, areas


def probed_each_time(what: Task, draws: Draws, device: torch.device) -> list[float]:
    """Test AUC of each draw: features extracted for each, one fit for each C."""
    declare_missing()
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from torchvision import transforms

    found = []
    for rows in draws:
        network = network_of(what, 0).to(device)
        network.head = nn.Identity()
        parts = {**what.images, "train": tuple(part[rows] for part in what.images["train"])}
        loaders = {
            name: torch.utils.data.DataLoader(Pictures(*part, transforms.ToTensor()), batch_size=64)
            for name, part in parts.items()
        }
        features = {name: outputs(network, loader, device).numpy() for name, loader in loaders.items()}
        tried = []
        for strength in what.recipe.c:
            model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
            model.fit(features["train"], parts["train"][1])
            tried.append((auc(parts["val"][1], model.predict_proba(features["val"])), model))
        best = max(tried, key=lambda one: one[0])[1]
        found.append(auc(parts["test"][1], best.predict_proba(features["test"])))
    return found


def probed_once(what: Task, draws: Draws, device: torch.device) -> list[float]:
    """Test AUC of each draw: features of all images once, all values of C in one path."""
    from benchmark.training.protocols.probe import fit_probe

    network = network_of(what, 0).to(device)
    precise = evaluation_precision(what.recipe)
    everything = {
        name: evaluate.extract(network, on_device(*part, device), precise).cpu().numpy() for name, part in what.images.items()
    }
    found = []
    for rows in draws:
        labels = {name: part[1] for name, part in what.images.items()} | {"train": what.images["train"][1][rows]}
        features = {**everything, "train": everything["train"][rows]}
        found.append(auc(labels["test"], fit_probe(features, labels, what.recipe.c, "max_val_auc")[0]))
    return found
