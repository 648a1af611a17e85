"""Steps of the engine as they are and with a backbone that torch.compile has made, and after how many steps that pays."""

import statistics

import torch
from training.clock import finished
from training.task import Task, network_of

from benchmark import train
from benchmark.augment import draw
from benchmark.images import batches, on_device
from benchmark.precision import quicken


def in_turn(what: Task, seeds: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of a step both ways, seed by seed in turn, and of the first compiled step of each seed: it compiles."""
    torch.compiler.reset()
    found: dict[str, list[float]] = {"eager": [], "compiled": [], "first": []}
    for seed in range(seeds):
        found["eager"].append(timed(what, seed, device, compiled=False)[1])
        first, later = timed(what, seed, device, compiled=True)
        found["first"].append(first)
        found["compiled"].append(later)
    return found


def timed(what: Task, seed: int, device: torch.device, *, compiled: bool) -> tuple[float, float]:
    """Seconds of the first step, and the median of those that follow."""
    network, luck = network_of(what, seed).to(device).train(), torch.Generator().manual_seed(seed)
    quicken(network)
    if compiled:
        network.backbone.compile()
    size, images = what.recipe.batch_size, on_device(*what.images["train"], device)
    step = train.Step(network, what.recipe, size)
    order = torch.randperm(len(images), generator=luck)[: len(images) - len(images) % size]
    draws = draw(what.recipe.augment, len(order), luck).to(device)
    seconds = []
    for number, (pixels, labels) in enumerate(batches(images, order, size)):
        with finished(device) as clock:
            step(pixels, labels, draws[number * size : (number + 1) * size], what.recipe.lr)
        seconds.append(clock.seconds)
    return seconds[0], statistics.median(seconds[1:])


def pays_after(found: dict[str, list[float]]) -> float | None:
    """How many steps it takes until compiling has saved the time that it took; None where it saves none."""
    saved = statistics.median(found["eager"]) - statistics.median(found["compiled"])
    return found["first"][0] / saved if saved > 0 else None
