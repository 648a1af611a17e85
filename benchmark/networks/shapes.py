"""Networks without numbers: they have the shapes of their weights and take no memory for them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

# What networks fill their weights with when they are built, a number or a random draw at a time.
FILLING = {
    Tensor.add_, Tensor.clamp_, Tensor.div_, Tensor.erfinv_, Tensor.fill_, Tensor.mul_, Tensor.normal_, Tensor.sub_,
    Tensor.uniform_, Tensor.zero_,
}  # fmt: skip
NEEDS_NUMBERS = (RuntimeError, ValueError, TypeError)  # what a network raises whose building needs the numbers of its weights


@contextmanager
def shapes_only() -> Iterator[None]:
    """Tensors that are made in the block have a shape and no numbers, and filling them does nothing.

    torch computes the shape of what fills such a tensor operation by operation, in Python; to build a large transformer took
    twice as long for this.
    """
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    """Leaves out what fills tensors without numbers with a number, or with random ones."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        tensors = [each for each in (*args, *(kwargs or {}).values()) if isinstance(each, Tensor)]
        fills = func in FILLING or getattr(func, "__module__", "") == "torch.nn.init"
        if fills and len(tensors) == 1 and tensors[0].is_meta:
            return tensors[0]
        return func(*args, **(kwargs or {}))
