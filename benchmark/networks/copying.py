"""Copies of networks, which share nothing with what they were made from."""

import copy
from collections import OrderedDict
from typing import Any, TypeVar

from torch import nn

Copied = TypeVar("Copied", bound=nn.Module)


def copy_of(module: Copied) -> Copied:
    """copy.deepcopy, but faster: much of its time goes to tensors, numbers and the empty dicts of hooks of every module."""
    memo: dict[int, Any] = {id(buffer): buffer.detach().clone() for buffer in module.buffers()}
    memo |= {id(one): nn.Parameter(one.detach().clone(), one.requires_grad) for one in module.parameters()}
    parts = [part for part in module.modules() if _ordinary(type(part))]
    memo |= {id(part): type(part).__new__(type(part)) for part in parts}
    for part in reversed(parts):  # what a layer holds is whole before it: it may have its own way of copying that
        for name, held in part.__getstate__().items():  # type: ignore[no-untyped-call] # torch leaves out what it has compiled
            empty = type(held) in (dict, OrderedDict) and not held
            vars(memo[id(part)])[name] = type(held)() if empty else held if _constant(held) else copy.deepcopy(held, memo)
    return copy.deepcopy(module, memo)  # the memo has it, unless it is not ordinary


def _ordinary(kind: type[nn.Module]) -> bool:
    """Whether a copy is a new object with copies of all attributes; __setstate__ merely adds what old checkpoints lack."""
    own = ("__new__", "__reduce__", "__reduce_ex__", "__getstate__")
    return not hasattr(kind, "__deepcopy__") and all(getattr(kind, name) is getattr(nn.Module, name) for name in own)


def _constant(held: object) -> bool:
    kinds = (int, float, bool, str, type(None))
    return type(held) in kinds or (type(held) is tuple and all(map(_constant, held)))
