"""Weights under the names of an architecture's authors: timm has a converter for many, which is used here."""

import contextlib
import inspect
import io
import sys
from collections.abc import Mapping
from typing import Any

from torch import Size, Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class ResizedError(Exception):
    """A converter was about to interpolate weights, for patches, positions or windows of another size."""


TABLE = "relative_position_bias_table"  # of windows; some converters interpolate it without torch's own function


class _NoInterpolation(TorchFunctionMode):
    """Refuses interpolation: weights for other patches are weights of another network, and must not be adapted in silence."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is functional.interpolate:
            raise ResizedError
        return func(*args, **(kwargs or {}))


def by_timm(model: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """The weights as timm's converter for the architecture of `model` turns them; None if there is none, or if it fails.

    A converter that would interpolate weights counts as one that fails.
    """
    module = sys.modules[type(model).__module__]
    convert = getattr(module, "checkpoint_filter_fn", None) or getattr(module, "_filter_fn", None)
    if convert is None:
        return None
    arguments = (dict(state), model)[: len(inspect.signature(convert).parameters)]
    try:
        with _NoInterpolation(), contextlib.redirect_stdout(io.StringIO()):  # one converter prints
            converted = convert(*arguments)
    except Exception:  # noqa: BLE001 - weights of another network raise any error in a converter
        return None
    found = {name: value for name, value in converted.items() if isinstance(value, Tensor)}
    return found if _tables(found) <= _tables(state) else None


def _tables(state: Mapping[str, Tensor]) -> set[Size]:
    """The shapes of the tables of relative positions; one that is in no file was interpolated."""
    return {value.shape for name, value in state.items() if name.endswith(TABLE)}
