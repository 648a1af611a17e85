"""A network with all that its training needs, in places of memory that do not change.

On a GPU the steps and the validation of a training are recorded as CUDA graphs, which read and write these places. The next
training of the same kind copies its weights and images into them, and needs no recording.
"""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from benchmark.networks.copying import copy_of
from benchmark.networks.network import Network
from benchmark.specs.recipe import Recipe
from benchmark.training.augment import AugmentationDraws
from benchmark.training.captured import StepsOnDevice
from benchmark.training.device_cache import keep_spare, take_spare
from benchmark.training.device_images import Images, batches
from benchmark.training.evaluate import forget_batch
from benchmark.training.graph import replays
from benchmark.training.neighbours import alone, ended
from benchmark.training.optimiser import Average
from benchmark.training.step import Step, one_by_one
from benchmark.training.validation import Validation

PACKS = TorchVersion(torch.__version__) >= "2.13"  # earlier generators serve one recording of the process alone
COPIED = 2**31  # bytes of images of which a rig may have a copy


class Rig:
    """What trains a network.

    Attributes:
        judged: the network that is validated and restored: `network`, or the running mean of its weights.
        key: the kind of trainings that may use it again; None: no other may.
        warm: whether an epoch was made, which set up libraries and the state of the optimiser.
    """

    def __init__(self, network: Network, train: Images, val: Images, recipe: Recipe, key: Hashable = None) -> None:
        self.network, self.train, self.val, self.key = network, train, val, key
        self.size = min(recipe.batch_size, len(train))
        self.step = Step(network, recipe, self.size)
        self.average = Average(network, recipe.ema) if recipe.ema else None
        self.judged = network if self.average is None else self.average.network
        self.validation = Validation(self.judged, val, self.step.precise)
        here, self.warm = train.pixels.device == train.device, False
        able = replays(train.device) and here and not recipe.compile and (PACKS or alone(train.device))
        self.captured = StepsOnDevice(self.step, self.average, train, self.size) if able else None

    @property
    def graph(self) -> str:
        """'yes' if steps were replayed as a CUDA graph, why not if that was tried, else empty."""
        return "" if self.captured is None else self.captured.refused or ("yes" if self.captured.graph else "")

    def steps(self, order: Tensor, draws: AugmentationDraws, rates: Sequence[float]) -> Tensor:
        """Make the steps of an epoch. Returns their losses, on the device."""
        self.network.train()
        warm, self.warm = self.warm, True
        if self.captured is None:
            return one_by_one(self.step, self.average, batches(self.train, order, self.size), draws, rates)
        return self.captured.epoch(order, draws, rates, replayed=warm and self.step.micro == self.size)

    @torch.no_grad()
    def begin_again(self, network: Network, train: Images, val: Images) -> None:
        """Take over the weights of a network that has not been trained, and images, as at the beginning of a training."""
        networks = [self.network] if self.average is None else [self.network, self.average.network]
        for own in networks:
            _copy([*own.parameters(), *own.buffers()], [*network.parameters(), *network.buffers()])
        for mine, given in ((self.train, train), (self.val, val)):
            _copy([mine.pixels, mine.labels], [given.pixels, given.labels])
        if self.average is not None:
            self.average.steps = 0
        self.step.waited, self.step.ended_before = False, ended(self.train.device)
        for state in self.step.optimiser.state.values():
            for value in state.values():
                value.zero_()  # a momentum of zero is none: the first step makes it the gradient

    def keep(self) -> None:
        """Let the next training of this kind use it, if it has what that needs: graphs, and steps that were never split."""
        if self.key is not None and self.graph == "yes" and self.step.micro == self.size:
            forget_batch(self.judged)
            keep_spare(self.key, self)


def rig_for(network: Network, train: Images, val: Images, recipe: Recipe, backbone: str) -> Rig:
    """A rig for a training; on a GPU one that an earlier training of the same kind has left, if there is one.

    backbone: the name of the network's backbone; empty: unknown, so that no other training may use the rig.
    """
    some, here = (train, val), replays(train.device) and not recipe.compile
    small = sum(images.pixels.nbytes for images in some) <= COPIED
    if not (backbone and here and small and all(images.pixels.device == images.device for images in some)):
        return Rig(network, train, val, recipe)
    key = _kind(network, train, val, recipe, backbone)
    kept = take_spare(key)
    if isinstance(kept, Rig):
        kept.begin_again(network, train, val)
        return kept
    return Rig(copy_of(network), _own(train), _own(val), recipe, key)


def _kind(network: Network, train: Images, val: Images, recipe: Recipe, backbone: str) -> Hashable:
    """Equal for trainings that differ in numbers alone: weights, images and seed."""
    weights = tuple((name, each.shape, each.dtype, each.requires_grad) for name, each in network.named_parameters())
    buffers = tuple((name, each.shape, each.dtype) for name, each in network.named_buffers())
    images = tuple((each.pixels.shape, each.labels.shape, each.labels.dtype) for each in (train, val))
    built = (backbone, repr(sorted(network.arguments.items())), network.channels, network.frozen, network.partly)
    modules = tuple(map(type, network.modules()))
    return built, modules, weights, buffers, images, recipe.model_dump_json(), train.device


def _own(images: Images) -> Images:
    return Images(images.pixels.clone(), images.labels.clone())


def _copy(to: Sequence[Tensor], from_: Sequence[Tensor]) -> None:
    for own, given in zip(to, from_, strict=True):
        own.copy_(given)
