"""One training step: augment a batch, compute its gradients, in parts where memory is short, and change the weights."""

import math
from collections.abc import Iterable, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.networks.compiled import compiled_forward
from benchmark.networks.network import Network
from benchmark.networks.precision import autocast, precision
from benchmark.specs.recipe import Recipe
from benchmark.training.augment import AugmentationDraws, augment_batch, mix_up
from benchmark.training.device_images import in_unit
from benchmark.training.evaluate import loss_of
from benchmark.training.neighbours import ended, outlasted
from benchmark.training.optimiser import Average, make_optimiser
from benchmark.training.out_of_memory import is_out_of_memory, smaller_batch
from benchmark.training.step_memory import Activations
from results.error import CatsError


class Step:
    """Makes training steps. If a batch does not fit into memory, this batch and all later ones are split into parts.

    The gradient of the parts is that of the whole batch, except that batch norm normalises by the statistics of each part.
    """

    def __init__(self, network: Network, recipe: Recipe, size: int) -> None:
        self.network, self.recipe, self.micro, self.waited = network, recipe, size, False
        self.ended_before = ended(network.head.weight.device)
        self.optimiser = make_optimiser(network, recipe)
        self.precise = precision(network, recipe)
        self.classes, self.generators, self.layers = network.head.out_features, network.generators(), network.dropouts()
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
        loss = self.gradients(pixels, labels, draws)
        self.update()
        return loss

    def update(self) -> None:
        """Let the optimiser use the gradients. Raises CatsError if memory does not suffice for what it keeps of each weight."""
        try:
            self.optimiser.step()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            # The batch is no longer in memory, so a smaller batch would not help; and some weights may have changed.
            raise CatsError(
                f"memory does not suffice for the state that {self.recipe.optimiser} keeps for each weight: {error}"
            ) from error

    def gradients(self, pixels: Tensor, labels: Tensor, draws: AugmentationDraws) -> Tensor:
        """Compute the gradients of one batch, again in smaller parts whenever memory does not suffice. Returns the loss."""
        states = [(rng, rng.get_state()) for rng in self.generators]
        for current, saved in self.statistics:
            torch._foreach_copy_(saved, current)
        while True:
            self.optimiser.zero_grad()
            try:
                return self.accumulate(pixels, labels, draws)
            except RuntimeError as error:  # torch's OutOfMemoryError is a RuntimeError too
                if self.micro <= 2 or not is_out_of_memory(error):
                    raise
            self.activations.bytes = None  # those of fewer images will be counted
            for rng, state in states:  # outside of `except`, so that the traceback no longer references the graph
                rng.set_state(state)
            for current, saved in self.statistics:
                torch._foreach_copy_(current, saved)
            self.micro = smaller_batch(self.micro, self._neighbours_end)

    def _neighbours_end(self) -> bool:
        """Wait for the memory of other trainings, once. Returns whether they have given it back."""
        waited, self.waited = self.waited, True
        return not waited and outlasted(self.network.head.weight.device, self.ended_before)

    def accumulate(self, pixels: Tensor, labels: Tensor, draws: AugmentationDraws) -> Tensor:
        """Add the gradients of one batch, part by part, to those that are there. Returns the loss, on the device."""
        losses, masks = [], [(layer, layer.mask) for layer in self.layers if layer.mask is not None]
        count = math.ceil(len(labels) / self.micro)  # parts of nearly equal size: batch norm fails on a single image
        for part in (slice(len(labels) * i // count, len(labels) * (i + 1) // count) for i in range(count)):
            for layer, mask in masks:
                layer.mask = mask[part]
            images, truth = augment_batch(in_unit(pixels[part]), self.recipe.augment, draws[part]), labels[part]
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
        for layer, mask in masks:
            layer.mask = mask
        return torch.stack(losses).sum()


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
