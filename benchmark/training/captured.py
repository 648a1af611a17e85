"""All steps of an epoch as one step that reads its place from the device: on a GPU it is recorded once, and replayed.

A small step keeps a GPU waiting: the host needs milliseconds to ask for some 300 operations that take less time there. A CUDA
graph asks for all of them at once. So nothing that changes from step to step may come from the host: images, order, random
numbers and learning rates of a whole epoch lie on the device, and so does the number of the step, which the step itself raises.
"""

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from benchmark.training.augment import AugmentationDraws
from benchmark.training.device_images import Images, sent
from benchmark.training.graph import recorded, replays
from benchmark.training.optimiser import Average
from benchmark.training.step import Step

log = logging.getLogger(__name__)


class StepsOnDevice:
    """The steps of an epoch, with the arithmetic of single steps (see step.one_by_one).

    Attributes:
        graph: the step, once it is recorded.
        refused: why it could not be recorded; empty before the first try and if it could.
    """

    def __init__(self, step: Step, average: Average | None, images: Images, size: int) -> None:
        """`size`: images of a step. The images have to lie on the device."""
        self.step, self.average, self.images, self.size = step, average, images, size
        self.groups = step.optimiser.param_groups
        self.layers = [layer for layer in step.layers if layer.rate]
        self.graph: torch.cuda.CUDAGraph | None = None
        self.refused = ""
        self.given: list[Tensor] = []
        self._columns: dict[str, slice] = {}

    def epoch(self, order: Tensor, draws: AugmentationDraws, rates: Sequence[float], *, replayed: bool) -> Tensor:
        """Make one step for each rate. Returns the losses, on the device.

        order: numbers of the images, (steps · size,). replayed: by a graph, where the step can be recorded. The first epoch of
        all must not be: it sets up libraries and the state of the optimiser, and splits batches that do not fit into memory.
        """
        self._load(order, draws, rates)
        try:
            if replayed and self.graph is None and not self.refused:
                self.graph = self._recorded(self.images.device)
            for _ in rates:
                self._one(self.step.gradients) if self.graph is None or not replayed else self.graph.replay()
        finally:
            for layer in self.layers:
                layer.mask = None
        return self.losses.clone()

    def _load(self, order: Tensor, draws: AugmentationDraws, rates: Sequence[float]) -> None:
        """Copy what the steps of an epoch need to the device, into the same memory each time."""
        count, device = len(rates), self.images.device
        masks = [layer.draw(count, self.size) for layer in self.layers]
        given = [
            order.view(count, self.size), draws.table.view(count, self.size, draws.table.shape[1]),
            torch.tensor([[rate * group.get("share", 1.0) for group in self.groups] for rate in rates]),
            torch.tensor([0.0] * count if self.average is None else self.average.next_shares(count)), *masks,
        ]  # fmt: skip
        if not self.given:
            self._columns = dict(draws.columns)
            self.given = [tensor.to(device) for tensor in given]
            self.number = torch.zeros(1, dtype=torch.int64, device=device)
            self.losses = torch.zeros(count, device=device)
            self.rates = [torch.zeros((), device=device) for _ in self.groups]
        else:
            for own, tensor in zip(self.given, given, strict=True):
                own.copy_(sent(tensor, device))
        self.number.zero_()
        for group, rate in zip(self.groups, self.rates, strict=True):
            group["lr"] = rate
            if "capturable" in group:
                group["capturable"] = replays(device)

    def _one(self, gradients: Callable[[Tensor, Tensor, AugmentationDraws], Tensor]) -> None:
        """Make the step whose number lies on the device. `gradients` computes those of a batch, and returns its loss."""
        rows, table, rates, share, *masks = (tensor.index_select(0, self.number)[0] for tensor in self.given)
        for own, rate in zip(self.rates, rates.unbind(), strict=True):
            own.copy_(rate)
        for layer, mask in zip(self.layers, masks, strict=True):
            layer.mask = mask
        self.step.optimiser.zero_grad()  # gradients get memory of the graph, which replays overwrite
        loss = gradients(*self.images.batch(rows), AugmentationDraws(table, self._columns))
        self.step.update()
        self.losses.index_copy_(0, self.number, loss[None])
        if self.average is not None:
            self.average.move(self.step.network, share)
        self.number.add_(1)

    def _recorded(self, device: torch.device) -> torch.cuda.CUDAGraph | None:
        """The step as a graph; None, with the reason, if the step asks for something that a graph cannot hold."""
        graph, self.refused = recorded(lambda: self._one(self.step.accumulate), device)
        if graph is None:
            log.info("training goes on without a CUDA graph: %s", self.refused)
            self.step.optimiser.zero_grad()
        return graph
