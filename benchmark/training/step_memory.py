"""The memory that a training step needs, counted from its tensors.

The memory of a process says little about one training: malloc keeps what earlier trainings have freed, and cells of a pack
share a process. So the tensors of a step are counted, which gives the same number for every cell of a pack. The number depends
on the number format and on the device: bf16 halves most activations, and the kernels of a device decide what they keep.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from benchmark.networks.freezing import trained_parameters


class Activations:
    """Counts the bytes that autograd keeps for the backward pass, weights left out. `bytes`: None until a pass was watched."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.bytes: int | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count what the forward pass in this block keeps. The pass itself is not changed."""
        weights = {_place(tensor) for tensor in _tensors(self.network)}
        kept: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            if _place(tensor) not in weights:
                kept[_place(tensor)] = tensor.untyped_storage().nbytes()
            # An operation that keeps its own output would own the tensor that owns the operation, so that memory is given
            # back by the backward pass alone, and never if the step fails before it. The detached tensor has the same storage.
            return tensor if tensor.grad_fn is None else tensor.detach()

        with saved_tensors_hooks(note, lambda tensor: tensor):
            yield
        self.bytes = sum(kept.values())


def step_bytes(network: nn.Module, optimiser: torch.optim.Optimizer, average: nn.Module | None, activations: int) -> int:
    """Bytes of the weights, of their gradients, of the optimiser's state, of a running mean, and of `activations`."""
    state = [tensor for some in optimiser.state.values() for tensor in some.values() if isinstance(tensor, Tensor)]
    mean = [] if average is None else _tensors(average)
    return _size([*_tensors(network), *trained_parameters(network), *state, *mean]) + activations


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]


def _size(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
