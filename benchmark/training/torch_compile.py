"""torch.compile of backbones, where the steps that are left pay for it.

It takes a minute, and makes some networks faster and others slower. So it is tried: once for each sort of training on each
machine, as soon as a trial takes a small part of the time that is left, which is known when a cell of the sort has been made;
no pretraining is compiled, therefore, nor are cells side by side, since torch compiles in one thread. Steps alone are compiled:
evaluation has batches of other shapes. Numbers differ in the last digits, as between two machines.
"""

import logging
import os
import platform
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from torch._dynamo import config
from torch._inductor.runtime.cache_dir_utils import default_cache_dir

from benchmark.core import json_cache as measured
from benchmark.core.digest import digest
from benchmark.core.paths import home
from benchmark.machine.cancellation import stopping
from benchmark.machine.environment import environment
from benchmark.networks.copying import copy_of
from benchmark.networks.fast_convolution import quicken
from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe
from benchmark.training import train
from benchmark.training.augment import draw
from benchmark.training.device_images import Images
from results.record import Frozen

log = logging.getLogger(__name__)
EXPECTED = 60.0  # seconds that compiling takes, to those who have not tried
SHARE = 0.02  # of the time that is left, what a trial may take
SECONDS, FEWEST, MOST = 20.0, 5, 50  # timed pairs of steps: for about so long, but at least and at most so many
HELD = 4  # sorts that torch is to hold compiled at once; by itself it holds eight variants of a module, then no more
CACHE = "TORCHINDUCTOR_CACHE_DIR"


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


FAILED = Trial(first=0.0, plain=(0.0, 0.0), compiled=(0.0, 0.0))  # saves nothing


@dataclass(frozen=True)
class Sort:
    """What decides how long steps take, compiled or not: a backbone and a recipe on a device, with batches of `size` images.

    `variant`: what the source's weights want of the backbone, see variant_of().
    """

    backbone: str
    recipe: Recipe
    size: int
    device: torch.device
    variant: str = ""

    @property
    def name(self) -> str:
        """Digest of what enters the graph and of the machine; recipes that differ in other things share a trial."""
        graph = [self.backbone, self.variant, self.size, *self.recipe.graph]
        return digest([graph, environment(str(self.device)), platform.node()])

    @property
    def path(self) -> Path:
        """Where its trial is kept."""
        return measured.place("compiled", self.name)


@dataclass
class Compiler:
    """What a process knows of compiling, by names of sorts.

    Attributes:
        paces: seconds of the last training of each sort per step that was asked for, and which part of the steps it made.
        trials: those of this process. held: what is compiled in it.
    """

    paces: dict[str, tuple[float, float]] = field(default_factory=dict)
    trials: dict[str, Trial] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def took(self, sort: Sort, steps: int, made: int, seconds: float) -> None:
        """A training of this sort took so long; of so many steps it has made some, fewer if it stopped early."""
        if steps:
            self.paces[sort.name] = seconds / steps, made / steps

    def due(self, sort: Sort, steps: int) -> bool:
        """Whether it is time for a trial, with so many steps left to do."""
        step, _ = self.paces.get(sort.name, (0.0, 1.0))
        takes = EXPECTED + max(2 * FEWEST * step, min(SECONDS, 2 * MOST * step))
        return steps * step * SHARE >= takes and not config.disable and self._found(sort) is None

    def pays(self, sort: Sort, steps: int) -> bool:
        """Whether so many steps are worth compiling, as far as a trial has told; it is paid for once in a process."""
        found, (_, part) = self._found(sort), self.paces.get(sort.name, (0.0, 1.0))
        if found is None or config.disable:
            return False
        return steps * part * found.saved > (0.0 if sort.name in self.held else found.first)

    def try_out(self, sort: Sort, network: Network, images: Images) -> None:
        """Make the trial, on copies of a network, and keep what it finds."""
        log.info("trying torch.compile of %s", sort.backbone)
        self._hold(sort)
        self._keep(sort, FAILED)  # stands where the trial takes the process with it, and while others might begin one
        try:
            found = trial(network, images, sort.recipe)
        except KeyboardInterrupt:
            sort.path.unlink(missing_ok=True)
            del self.trials[sort.name]
            raise
        except Exception as error:  # no compiler, say, or no memory for two more networks
            log.info("no trial: %s; there is another one if %s is removed", error, sort.path, exc_info=True)
            return
        self._keep(sort, found)
        log.info("torch.compile of %s takes %.0f s here and %s", sort.backbone, found.first, found.verdict)

    def compile(self, sort: Sort, network: Network) -> None:
        """Have the steps of a training go through torch.compile."""
        if sort.name not in self.held:
            log.info("%s is trained through torch.compile", sort.backbone)
        self._hold(sort)
        network.compiled = True

    def give_up(self, sort: Sort) -> None:
        """What a trial has compiled could not be compiled later."""
        self._keep(sort, FAILED)

    def _found(self, sort: Sort) -> Trial | None:
        return self.trials.get(sort.name) or measured.read(Trial, sort.path)

    def _keep(self, sort: Sort, found: Trial) -> None:
        self.trials[sort.name] = found  # a disk may refuse it
        measured.keep(found, sort.path)

    def _hold(self, sort: Sort) -> None:
        if os.environ.get(CACHE) in {None, default_cache_dir()}:  # torch names its own when it is imported, below /tmp
            # What lies there is run: nobody else may put it there, and no other machine.
            os.environ[CACHE] = str(home() / "compiled" / platform.node() / "torch")
        if len(self.held | {sort.name}) > HELD:
            torch.compiler.reset()  # what it forgets, it finds again on the disk
            self.held.clear()
        self.held.add(sort.name)


@cache
def compiler() -> Compiler:
    """That of this process."""
    return Compiler()


def variant_of(trained: Trained) -> str:
    """What weights change in the graph of a backbone: its input channels, what it is made with."""
    return f"{'grey' if trained.channels == 'grey' else 'colour'} {sorted(trained.arguments.items())}"


def trial(network: Network, images: Images, recipe: Recipe) -> Trial:
    """Steps of a training with and without torch.compile, in turn, on copies of the network.

    Raises what torch does, RuntimeError where memory does not suffice.
    """
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

    first = seconds(compiled)
    if not ways[1].compiled:
        raise RuntimeError("torch cannot compile the network")
    for step in (plain, compiled):  # warms up
        seconds(step)
    pairs: list[tuple[float, float]] = []
    while len(pairs) < FEWEST or (np.sum(pairs) < SECONDS and len(pairs) < MOST):
        if stopping():  # no signal reaches a worker
            raise KeyboardInterrupt
        pairs.append((seconds(plain), seconds(compiled)))
    if {plain.micro, compiled.micro} != {size}:
        raise RuntimeError("memory does not suffice for two networks and batches as they are")
    plains, others = zip(*pairs, strict=True)
    return Trial(first=first, plain=plains, compiled=others)
