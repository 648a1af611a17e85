"""torch.compile of backbones, where the steps that are left pay for it.

It takes a minute, and makes some networks faster and others slower. So it is tried: once for each sort of training on each
machine, as soon as a trial takes a small part of the time that is left. Steps alone are compiled; evaluation has batches of
other shapes, and what is compiled is for one. Numbers differ in the last digits, as between two machines.
"""

import logging
import os
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from torch._dynamo import config

from benchmark import measured, train
from benchmark.attempt import environment
from benchmark.augment import draw
from benchmark.digest import digest
from benchmark.home import home
from benchmark.images import Images
from benchmark.network import Network, copy_of
from benchmark.precision import quicken
from benchmark.recipe import Recipe
from results.record import Frozen

log = logging.getLogger(__name__)
EXPECTED = 60.0  # seconds that a trial takes, to those who have made none
SHARE = 0.02  # of the time that is left, what a trial may take
SECONDS, FEWEST, MOST = 20.0, 5, 50  # timed pairs of steps: for about so long, but at least and at most so many


class Trial(Frozen):
    """What a trial found, in seconds.

    Attributes:
        first: the first compiled step. plain, compiled: later steps of both kinds in turn, two or more.
    """

    first: float
    plain: tuple[float, ...]
    compiled: tuple[float, ...]

    @property
    def saved(self) -> float:
        """What compiling saves of a step: the low end of the 95 % interval (Student's t) over the pairs; below 0 it costs."""
        pairs = np.subtract(self.plain, self.compiled)
        return float(pairs.mean() - stats.sem(pairs) * stats.t.ppf(0.975, len(pairs) - 1))

    @property
    def verdict(self) -> str:
        """From how many steps on it pays, in words."""
        return f"pays after {self.first / self.saved:.0f} steps" if self.saved > 0 else "never pays"

    def pays(self, steps: int) -> bool:
        """Whether so many steps save what compiling takes."""
        return steps * self.saved > self.first


@dataclass(frozen=True)
class Sort:
    """What decides how long steps take, compiled or not: a backbone and a recipe on a device, with batches of `size` images."""

    backbone: str
    recipe: Recipe
    size: int
    device: torch.device

    @property
    def name(self) -> str:
        """Digest of what enters the graph and of the machine; recipes that differ in other things share a trial."""
        recipe = self.recipe
        shapes = [self.backbone, recipe.size, self.size, recipe.stem, recipe.trained, recipe.precision]
        return digest([shapes, environment(str(self.device))])


@dataclass
class Compiler:
    """What a process knows of compiling, by names of sorts.

    Attributes:
        seconds: of a step and of what comes with it, as the last training of each sort took.
        refused: what torch cannot compile here. held: what it has compiled last.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    held: str = ""

    def took(self, sort: Sort, steps: int, seconds: float) -> None:
        """A training of this sort, of so many steps, took so long."""
        if steps:
            self.seconds[sort.name] = seconds / steps

    def due(self, sort: Sort, steps: int) -> bool:
        """Whether it is time for a trial, with so many steps left to do."""
        long = steps * self.seconds.get(sort.name, 0.0) * SHARE >= EXPECTED
        return long and not config.disable and sort.name not in self.refused and _kept(sort) is None

    def pays(self, sort: Sort, steps: int) -> bool:
        """Whether so many steps are worth compiling, as far as a trial has told."""
        found = _kept(sort)
        return found is not None and found.pays(steps) and not config.disable and sort.name not in self.refused

    def try_out(self, sort: Sort, network: Network, images: Images) -> None:
        """Make the trial, on copies of a network, and keep what it finds."""
        self._make_room(sort)
        try:
            found = trial(network, images, sort.recipe)
        except Exception as error:  # no compiler, say, or no memory for a second network
            self.refused.add(sort.name)
            log.info("torch.compile does not work for %s here: %s", sort.backbone, type(error).__name__, exc_info=True)
            return
        measured.keep(found, _path(sort))
        log.info("torch.compile of %s takes %.0f s here and %s", sort.backbone, found.first, found.verdict)

    def compile(self, sort: Sort, network: Network) -> None:
        """Have the steps of a training go through torch.compile; where that fails after all, they go on without."""
        self._make_room(sort)
        config.suppress_errors = True
        network.compiled = True

    def _make_room(self, sort: Sort) -> None:
        """Torch holds few variants of a module at once; what it is to forget, it finds again on the disk."""
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(home() / "compiled" / "torch"))  # its own is open to all users
        if self.held not in {"", sort.name}:
            torch.compiler.reset()
        self.held = sort.name


@cache
def compiler() -> Compiler:
    """That of this process."""
    return Compiler()


def trial(network: Network, images: Images, recipe: Recipe) -> Trial:
    """Steps of a training with and without torch.compile, in turn, on copies of the network. Raises what torch does."""
    size, device = min(recipe.batch_size, len(images)), images.device
    ways = [copy_of(network).train() for _ in range(2)]
    for way in ways:
        quicken(way)
    ways[1].compiled = True
    plain, compiled = (train.Step(way, recipe, size) for way in ways)
    pixels, labels = images.batch(torch.arange(size).to(images.pixels.device))
    draws = draw(recipe.augment, size, torch.Generator().manual_seed(0)).to(device)

    def seconds(step: train.Step) -> float:
        start = time.perf_counter()
        float(step(pixels, labels, draws, recipe.lr))  # a GPU is waited for
        return time.perf_counter() - start

    with config.patch(suppress_errors=False):
        first = seconds(compiled)
        for step in (plain, compiled):  # warms up
            seconds(step)
        pairs: list[tuple[float, float]] = []
        while len(pairs) < FEWEST or (np.sum(pairs) < SECONDS and len(pairs) < MOST):
            pairs.append((seconds(plain), seconds(compiled)))
    plains, others = zip(*pairs, strict=True)
    return Trial(first=first, plain=plains, compiled=others)


def _kept(sort: Sort) -> Trial | None:
    return measured.read(Trial, _path(sort))


def _path(sort: Sort) -> Path:
    return measured.place("compiled", sort.name)
