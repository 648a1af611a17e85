"""The training loop: images stay on the device as uint8, a batch is augmented at once, the best epoch is restored.

No number leaves the device during an epoch. Every epoch has the same number of batches of equal size; the few images
that are left over differ from epoch to epoch.
"""

import copy
import logging
import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from benchmark.machine.cancellation import stop_requested
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.load import global_generators, restore_global_generators
from benchmark.networks.network import Network
from benchmark.specs.recipe import Recipe
from benchmark.training.augment import AugmentationDraws, draw_augmentation
from benchmark.training.captured import StepsOnDevice
from benchmark.training.checkpoint import Checkpoint, State, made_with
from benchmark.training.device_images import Images, batches
from benchmark.training.epoch_choice import EpochChoice
from benchmark.training.evaluate import validate
from benchmark.training.fit import Fit
from benchmark.training.optimiser import Average, optimiser_state, restore_optimiser, schedule
from benchmark.training.step import Step
from benchmark.training.step_memory import step_bytes
from benchmark.training.step_threads import limited_to, step_threads
from results.error import CatsError

log = logging.getLogger(__name__)


def fit(network: Network, train: Images, val: Images, recipe: Recipe, seed: int, rule: str = "min_val_loss") -> Fit:
    """Train in place and restore the best epoch by `rule`. All randomness comes from `seed`.

    Raises CatsError naming epoch and learning rate if the loss stops being finite.
    """
    return Training(network, train, recipe, seed, rule).run(val)


class Training:
    """A training between two epochs: its attributes are everything that decides how it goes on."""

    def __init__(self, network: Network, train: Images, recipe: Recipe, seed: int, rule: str) -> None:
        self.threads = step_threads(network, train, recipe.batch_size)  # counts the layers that optimise_for_device replaces
        optimise_for_device(network)
        self.network, self.train, self.recipe = network, train, recipe
        self.rng = torch.Generator().manual_seed(seed)
        network.seed_dropout(seed)
        self.step = Step(network, recipe, min(recipe.batch_size, len(train)))
        self.average = Average(network, recipe.ema) if recipe.ema else None
        self.curves: dict[str, list[float]] = {"train_loss": [], "val_loss": [], "val_auc": [], "learning_rate": []}
        self.choice, self.best_epoch = EpochChoice(rule), 0
        self.best_state: Mapping[str, Tensor] | None = None
        self.captured: StepsOnDevice | None = None
        self.warm = False
        self.made_with = made_with(train.device, self.step.precise, self.threads)

    @property
    def epochs(self) -> int:
        """The number of epochs that have been made."""
        return len(self.curves["learning_rate"])

    @property
    def judged(self) -> Network:
        """The network that is validated and restored."""
        return self.network if self.average is None else self.average.network

    def run(self, val: Images, checkpoint: Checkpoint | None = None) -> Fit:
        """Train to the end, from the state in `checkpoint` if there is one, and restore the best epoch. Raises CatsError."""
        state = None if checkpoint is None else checkpoint.read(self.made_with)
        if checkpoint is not None and state is not None:
            self._restore(state)
            log.info("%s goes on after epoch %d of %d", checkpoint.what, self.epochs, self.recipe.epochs)
        resumed = self.epochs
        with limited_to(self.threads):
            self._make_epochs(val, checkpoint)
        if self.best_state is not None:
            self.network.load_state_dict(self.best_state)
        elif self.recipe.epochs:
            last = f"epoch {self.epochs}, at learning rate {self.curves['learning_rate'][-1]:.3g}"
            raise CatsError(f"no epoch has a finite {self.choice.rule.what}; the last was {last}")
        graph = "" if self.captured is None else self.captured.refused or "yes"
        return Fit(self.curves, self.best_epoch, self.step.micro, resumed, self.threads, self._step_bytes(), graph)

    def _step_bytes(self) -> int | None:
        """The memory of a step; None if no step was watched, as with torch.compile or without an epoch."""
        counted, average = self.step.activations.bytes, None if self.average is None else self.average.network
        return None if counted is None else step_bytes(self.network, self.step.optimiser, average, counted)

    def _make_epochs(self, val: Images, checkpoint: Checkpoint | None) -> None:
        while self.epochs < self.recipe.epochs:
            if stop_requested():
                raise KeyboardInterrupt
            if not self._make_epoch(val):
                break
            if checkpoint is not None and self.epochs < self.recipe.epochs:
                checkpoint.keep(self._state)

    def _make_epoch(self, val: Images) -> bool:
        """Train and validate once. Returns whether the training goes on; at the end of the recipe's patience it does not."""
        recipe, epoch, size = self.recipe, self.epochs, min(self.recipe.batch_size, len(self.train))
        steps = len(self.train) // size
        total = steps * recipe.epochs
        self.network.train()
        order = torch.randperm(len(self.train), generator=self.rng)[: steps * size]
        draws = draw_augmentation(recipe.augment, len(order), self.rng).to(self.train.device)
        rates = [recipe.lr * schedule(recipe, (epoch * steps + number) / total, 1 / total) for number in range(steps)]
        losses = self._steps(order, draws, rates, size)
        val_loss, val_auc, val_losses = validate(self.judged, val, self.step.precise)
        train_loss = float(losses.mean())
        for name, value in zip(self.curves, (train_loss, val_loss, val_auc, rates[-1]), strict=True):
            self.curves[name].append(value)
        if not math.isfinite(train_loss):
            raise CatsError(f"the training loss is {train_loss} in epoch {epoch + 1} at learning rate {rates[-1]:.3g}")
        if self.choice.prefers(epoch, val_loss, val_auc, val_losses):
            self.best_epoch, self.best_state = epoch, copy.deepcopy(self.judged.state_dict())
            return True
        return recipe.patience is None or epoch - self.best_epoch < recipe.patience

    def _steps(self, order: Tensor, draws: AugmentationDraws, rates: Sequence[float], size: int) -> Tensor:
        """Make the steps of an epoch. Returns their losses, on the device.

        The first epoch on a GPU is made step by step: it sets up libraries and the state of the optimiser, and shows whether a
        batch fits into memory.
        """
        here = self.train.pixels.device == self.train.device
        if self.captured is None and self.warm and here and self.step.micro == size and not self.recipe.compile:
            self.captured = StepsOnDevice(self.step, self.average, self.train, size)
        self.warm = self.train.device.type == "cuda"
        if self.captured is not None and not self.captured.refused:
            losses = self.captured.epoch(order, draws, rates)
            if losses is not None:
                return losses
        return one_by_one(self.step, self.average, batches(self.train, order, size), draws, rates)

    def _state(self) -> State:
        parts: dict[str, Mapping[str, Tensor]] = {
            "network": self.network.state_dict(),
            "optimiser": optimiser_state(self.step.optimiser),
            "average": {} if self.average is None else self.average.network.state_dict(),
            "best": self.best_state or {},
            "dropout": {str(number): rng.get_state() for number, rng in enumerate(self.step.generators)},
            "global": global_generators(self.train.device),
            "own": {"order": self.rng.get_state(), "losses": torch.from_numpy(self.choice.losses)},
        }
        figures = {
            "curves": self.curves, "best_epoch": self.best_epoch, "worth": self.choice.worth, "micro": self.step.micro,
            "averaged": 0 if self.average is None else self.average.steps,
        }  # fmt: skip
        return State.of(self.made_with, parts, figures)

    def _restore(self, state: State) -> None:
        own, dropout = state.part("own"), state.part("dropout")
        self.network.load_state_dict(state.part("network"))
        restore_optimiser(self.step.optimiser, state.part("optimiser"))
        if self.average is not None:
            self.average.network.load_state_dict(state.part("average"))
            self.average.steps = state.figures["averaged"]
        self.best_state = {name: tensor.to(self.train.device) for name, tensor in state.part("best").items()} or None
        for number, rng in enumerate(self.step.generators):
            rng.set_state(dropout[str(number)])
        restore_global_generators(state.part("global"), self.train.device)
        self.rng.set_state(own["order"])
        self.choice.losses, self.choice.worth = own["losses"].numpy(), state.figures["worth"]
        self.curves, self.best_epoch = state.figures["curves"], state.figures["best_epoch"]
        self.step.micro = state.figures["micro"]


def one_by_one(
    step: Step,
    average: Average | None,
    every: Iterable[tuple[Tensor, Tensor]],
    draws: AugmentationDraws,
    rates: Sequence[float],
) -> Tensor:
    """Make one step per batch, each at its learning rate, and update the running mean. Returns the losses, on the device."""
    losses = []
    size = len(draws) // len(rates)
    for number, ((pixels, labels), rate) in enumerate(zip(every, rates, strict=True)):
        losses.append(step(pixels, labels, draws[number * size : (number + 1) * size], rate))
        if average is not None:
            average.update(step.network)
    return torch.stack(losses)
