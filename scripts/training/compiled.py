"""Steps of the engine as they are and with a backbone that torch.compile has made, and after how many steps that pays."""

import os
import statistics
import tempfile
from unittest import mock

import torch
from training.clock import finished
from training.steps import engine
from training.task import Task


def in_turn(what: Task, seeds: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of a step both ways, seed by seed in turn, and of each seed's first compiled step; that of seed 0 compiles."""
    torch.compiler.reset()
    found: dict[str, list[float]] = {"eager": [], "compiled": [], "first": []}
    # Nothing that an earlier call has compiled: it would be read from the disk in a second.
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=folder):
        for seed in range(seeds):
            found["eager"].append(timed(what, seed, device, compiled=False)[1])
            first, later = timed(what, seed, device, compiled=True)
            found["first"].append(first)
            found["compiled"].append(later)
    return found


def timed(what: Task, seed: int, device: torch.device, *, compiled: bool) -> tuple[float, float]:
    """Seconds of the first step, and the median of those that follow, once through the training images."""
    count = len(what.images["train"][1])
    steps, seconds = engine(what, seed, device, compiled=compiled)(count), []
    for _ in range(count // what.recipe.batch_size):
        with finished(device) as clock:
            next(steps)
        seconds.append(clock.seconds)
    return seconds[0], statistics.median(seconds[1:])


def pays_after(found: dict[str, list[float]]) -> float | None:
    """How many steps it takes until compiling has saved the time that it took; None where it saves none."""
    saved = statistics.median(found["eager"]) - statistics.median(found["compiled"])
    return found["first"][0] / saved if saved > 0 else None
