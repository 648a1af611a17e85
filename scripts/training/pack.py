"""Time several seeds side by side."""

import functools
from collections.abc import Callable

import torch
from training.clock import finished
from training.task import Task, network_of

from benchmark.execution.side_by_side import side_by_side
from benchmark.training import train
from benchmark.training.device_images import on_device


def together(what: Task, count: int, device: torch.device) -> float:
    """Images per second of `count` seeds at once; their networks and images are on the device when the clock starts."""
    works = [training(what, seed, device) for seed in range(count)]
    with finished(device) as clock:
        side_by_side(works, device)
    return count * what.recipe.epochs * len(what.images["train"][1]) / clock.seconds


def training(what: Task, seed: int, device: torch.device) -> Callable[[], object]:
    """A prepared training, which begins when it is called."""
    network = network_of(what, seed).to(device)
    train_images, val_images = (on_device(*what.images[part], device) for part in ("train", "val"))
    return functools.partial(train.fit, network, train_images, val_images, what.recipe, seed)
