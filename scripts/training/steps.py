"""Time training steps alone, on images on the device: forward and backward of the bare network, and the engine's steps."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F
from training.clock import finished
from training.task import Task, network_of

from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.precision import autocast
from benchmark.training.augment import draw_augmentation
from benchmark.training.device_images import as_float, batches, on_device
from benchmark.training.rig import Rig
from benchmark.training.step import Step


def in_turn(what: Task, seeds: int, device: torch.device) -> dict[str, list[float]]:
    """Images per second of the bare network and of the engine, seed by seed in turn."""
    found: dict[str, list[float]] = {"bare": [], "engine": []}
    for seed in range(-1, seeds):  # the first round warms up and does not count
        for name, way in (("bare", bare_steps), ("engine", engine_steps)):
            rate = way(what, seed, device)
            if seed >= 0:
                found[name].append(rate)
    return found


def compiled_in_turn(what: Task, rounds: int, device: torch.device) -> tuple[float, dict[str, list[float]]]:
    """Seconds of the first compiled step, and images per second without and with torch.compile, epoch by epoch in turn."""
    most, size = len(what.images["train"][1]), what.recipe.batch_size
    ways = {
        name: engine(replace(what, recipe=what.recipe.model_copy(update={"compile": name == "compiled"})), 0, device)
        for name in ("plain", "compiled")
    }
    seconds: dict[str, float] = {}
    for name, begin in ways.items():
        with finished(device) as clock:
            next(begin(size))
        seconds[name] = clock.seconds
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(-1, rounds):  # the first round warms up and does not count
        for name, begin in ways.items():
            with finished(device) as clock:
                count = sum(1 for _ in begin(most))
            if number >= 0:
                found[name].append(count * size / clock.seconds)
    return seconds["compiled"], found


def bare_steps(what: Task, seed: int, device: torch.device) -> float:
    """Images per second of forward and backward alone."""
    network = network_of(what, seed).to(device, memory_format=torch.channels_last)
    size = what.recipe.batch_size
    images = as_float(on_device(*what.images["train"], device).pixels[:size])
    labels = torch.zeros(len(images), dtype=torch.int64, device=device)
    count = len(what.images["train"][1]) // size
    for rounds in (min(count, 10), count):
        with finished(device) as clock:
            for _ in range(rounds):
                with autocast(device, torch.bfloat16):
                    loss = F.cross_entropy(network(images), labels)
                network.zero_grad()
                loss.backward()
    return count * len(images) / clock.seconds


def engine_steps(what: Task, seed: int, device: torch.device) -> float:
    """Images per second of the engine's steps: batches, augmentation, forward, backward, optimiser."""
    network, rng = network_of(what, seed).to(device), torch.Generator().manual_seed(max(seed, 0))
    optimise_for_device(network)
    images = on_device(*what.images["train"], device)
    rig = Rig(network, images, images, what.recipe)
    count = len(images) // rig.size
    for _ in range(3):  # on a GPU the second epoch records the steps, which the third replays
        order = torch.randperm(len(images), generator=rng)[: count * rig.size]
        draws = draw_augmentation(what.recipe.augment, len(order), rng).to(device)
        with finished(device) as clock:
            rig.steps(order, draws, [what.recipe.lr] * count)
    return count * rig.size / clock.seconds


def engine(what: Task, seed: int, device: torch.device) -> Callable[[int], Iterator[Tensor]]:
    """A prepared engine: called with a number of images, it returns an iterator that makes one step per item, its loss."""
    network, rng = network_of(what, seed).to(device).train(), torch.Generator().manual_seed(max(seed, 0))
    optimise_for_device(network)
    size, images = what.recipe.batch_size, on_device(*what.images["train"], device)
    step = Step(network, what.recipe, size)

    def begin(most: int) -> Iterator[Tensor]:
        order = torch.randperm(len(images), generator=rng)[: most - most % size]
        draws = draw_augmentation(what.recipe.augment, len(order), rng).to(device)
        return (
            step(pixels, labels, draws[number * size : (number + 1) * size], what.recipe.lr)
            for number, (pixels, labels) in enumerate(batches(images, order, size))
        )

    return begin
