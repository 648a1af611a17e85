"""The training loop: images stay on the device as uint8, a batch is augmented at once, the best epoch is restored.

No number leaves the device during an epoch. Every epoch has the same number of batches of equal size; the few images
that are left over differ from epoch to epoch.
"""

import copy
import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.machine.cancellation import stop_requested
from benchmark.networks.compiled import compiled_forward
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.network import Network
from benchmark.networks.precision import autocast, precision
from benchmark.specs.recipe import Recipe
from benchmark.training.augment import AugmentationDraws, augment_batch, draw_augmentation, mix_up
from benchmark.training.device_images import Images, as_float, batches
from benchmark.training.epoch_choice import EpochChoice
from benchmark.training.evaluate import loss_of, validate
from benchmark.training.optimiser import Average, make_optimiser, schedule
from benchmark.training.out_of_memory import is_out_of_memory, smaller_batch
from results.error import CatsError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fit:
    """The result of a training: curves (one value per epoch) and the epoch whose weights the network has now.

    `micro_batch`: the number of images in one forward pass; smaller than a batch if memory did not suffice.
    """

    curves: dict[str, list[float]]
    best_epoch: int
    micro_batch: int = 0

    def best(self) -> dict[str, float]:
        """The figures of the restored epoch, by names that differ from the fields of a recipe."""
        figures = {name: values[self.best_epoch] for name, values in self.curves.items() if values}
        return {"best_epoch": float(self.best_epoch), "epochs_run": float(len(self.curves["learning_rate"])), **figures}


def fit(network: Network, train: Images, val: Images, recipe: Recipe, seed: int, rule: str = "min_val_loss") -> Fit:
    """Train in place and restore the best epoch by `rule`. All randomness comes from `seed`.

    Raises CatsError naming epoch and learning rate if the loss stops being finite.
    """
    optimise_for_device(network)
    size = min(recipe.batch_size, len(train))
    steps = len(train) // size
    total = steps * recipe.epochs
    rng = torch.Generator().manual_seed(seed)
    network.seed_dropout(seed)
    step = Step(network, recipe, size)
    average = Average(network, recipe.ema) if recipe.ema else None
    curves: dict[str, list[float]] = {"train_loss": [], "val_loss": [], "val_auc": [], "learning_rate": []}
    choice, best_epoch, best_state = EpochChoice(rule), 0, None
    for epoch in range(recipe.epochs):
        if stop_requested():
            raise KeyboardInterrupt
        network.train()
        order = torch.randperm(len(train), generator=rng)[: steps * size]
        draws = draw_augmentation(recipe.augment, len(order), rng).to(train.device)
        rates = [recipe.lr * schedule(recipe, (epoch * steps + number) / total, 1 / total) for number in range(steps)]
        losses = _epoch(step, average, batches(train, order, size), draws, rates)
        judged = network if average is None else average.network
        val_loss, val_auc, val_losses = validate(judged, val, step.precise)
        train_loss = float(losses.mean())
        for name, value in zip(curves, (train_loss, val_loss, val_auc, rates[-1]), strict=True):
            curves[name].append(value)
        if not math.isfinite(train_loss):
            raise CatsError(f"the training loss is {train_loss} in epoch {epoch + 1} at learning rate {rates[-1]:.3g}")
        if choice.prefers(epoch, val_loss, val_auc, val_losses):
            best_epoch, best_state = epoch, copy.deepcopy(judged.state_dict())
        elif recipe.patience is not None and epoch - best_epoch >= recipe.patience:
            break
    if best_state is not None:
        network.load_state_dict(best_state)
    elif recipe.epochs:
        raise CatsError(
            f"no epoch has a finite {choice.rule.what}; the last was epoch {epoch + 1}, at learning rate {rates[-1]:.3g}"
        )
    return Fit(curves, best_epoch, step.micro)


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
            with autocast(images.device, self.precise):
                logits = self.forward(images)
            multilabel = labels.ndim > 1
            loss = loss_of(logits, truth, self.recipe.label_smoothing, multilabel=multilabel) * (len(truth) / len(labels))
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        return torch.stack(losses).sum()
