"""The training loop: images stay on the device as uint8, a batch is augmented at once, the best epoch is restored.

No number leaves the device during an epoch. Every epoch has the same number of batches of equal size; the few images
that are left over differ from epoch to epoch.
"""

import copy
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.machine.cancellation import stop_requested
from benchmark.networks.compiled import compiled_forward
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.load import global_generators, restore_global_generators
from benchmark.networks.network import Network
from benchmark.networks.precision import autocast, precision
from benchmark.specs.recipe import Recipe
from benchmark.training.augment import AugmentationDraws, augment_batch, draw_augmentation, mix_up
from benchmark.training.checkpoint import Checkpoint, State, made_with
from benchmark.training.device_images import Images, as_float, batches
from benchmark.training.epoch_choice import EpochChoice
from benchmark.training.evaluate import loss_of, validate
from benchmark.training.fit import Fit
from benchmark.training.optimiser import Average, make_optimiser, optimiser_state, restore_optimiser, schedule
from benchmark.training.out_of_memory import is_out_of_memory, smaller_batch
from benchmark.training.step_memory import Activations, step_bytes
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
        return Fit(self.curves, self.best_epoch, self.step.micro, resumed, self.threads, self._step_bytes())

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
        losses = _epoch(self.step, self.average, batches(self.train, order, size), draws, rates)
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


def _epoch(
    step: "Step",
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


class Step:
    """Makes training steps. If a batch does not fit into memory, this batch and all later ones are split into parts.

    The gradient of the parts is that of the whole batch, except that batch norm normalises by the statistics of each part.
    """

    def __init__(self, network: Network, recipe: Recipe, size: int) -> None:
        self.network, self.recipe, self.micro = network, recipe, size
        self.optimiser = make_optimiser(network, recipe)
        self.precise = precision(network, recipe)
        self.classes, self.generators = network.head.out_features, network.generators()
        self.forward = compiled_forward(network, size) if recipe.compile else network
        self.activations = Activations(network)
        statistics = [[b for b in network.buffers() if b.is_floating_point() is real] for real in (True, False)]
        self.statistics = [(some, [b.clone() for b in some]) for some in statistics if some]

    def __call__(self, pixels: Tensor, labels: Tensor, draws: AugmentationDraws, rate: float) -> Tensor:
        """Train on one batch, see Images.batch. Returns its loss, on the device.

        Raises CatsError if memory does not suffice for the state of the optimiser.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group.get("share", 1.0)
        loss = self._gradients(pixels, labels, draws)
        try:
            self.optimiser.step()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            # The batch is no longer in memory, so a smaller batch would not help; and some weights may have changed.
            raise CatsError(
                f"memory does not suffice for the state that {self.recipe.optimiser} keeps for each weight: {error}"
            ) from error
        return loss

    def _gradients(self, pixels: Tensor, labels: Tensor, draws: AugmentationDraws) -> Tensor:
        """Compute the gradients of one batch, again in smaller parts whenever memory does not suffice. Returns the loss."""
        states = [(rng, rng.get_state()) for rng in self.generators]
        for current, saved in self.statistics:
            torch._foreach_copy_(saved, current)
        while True:
            self.optimiser.zero_grad()
            try:
                return self._accumulate(pixels, labels, draws)
            except RuntimeError as error:  # torch's OutOfMemoryError is a RuntimeError too
                if self.micro <= 2 or not is_out_of_memory(error):
                    raise
            self.activations.bytes = None  # those of fewer images will be counted
            for rng, state in states:  # outside of `except`, so that the traceback no longer references the graph
                rng.set_state(state)
            for current, saved in self.statistics:
                torch._foreach_copy_(current, saved)
            self.micro = smaller_batch(self.micro)

    def _accumulate(self, pixels: Tensor, labels: Tensor, draws: AugmentationDraws) -> Tensor:
        losses = []
        count = math.ceil(len(labels) / self.micro)  # parts of nearly equal size: batch norm fails on a single image
        for part in (slice(len(labels) * i // count, len(labels) * (i + 1) // count) for i in range(count)):
            images, truth = augment_batch(as_float(pixels[part]), self.recipe.augment, draws[part]), labels[part]
            if self.recipe.augment.mixup:  # pairs are mixed within a part
                soft = truth if truth.ndim > 1 else F.one_hot(truth, self.classes).float()
                images, truth = mix_up(images, soft, draws[part])
            multilabel, counted = labels.ndim > 1, self.activations.bytes is not None or self.recipe.compile
            with nullcontext() if counted else self.activations.watched():
                with autocast(images.device, self.precise):
                    logits = self.forward(images)
                loss = loss_of(logits, truth, self.recipe.label_smoothing, multilabel=multilabel) * (len(truth) / len(labels))
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        return torch.stack(losses).sum()
