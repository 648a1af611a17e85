"""Read state dicts of other programs: .pt files that hold only tensors, with other names of parameters."""

import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.networks.network import Trained
from benchmark.networks.weight_file import apply_declaration, read_weights
from benchmark.specs.source import Weights
from results.error import CatsError, first_line

WRAPPED = ("state_dict", "model", "net")  # where training scripts put the weights beside epoch and optimiser


def read_file(path: Path, weights: Weights) -> Trained:
    """Read weights and rename them to timm's names. Raises CatsError if the file is damaged or holds more than tensors."""
    trained = read_weights(path) if path.suffix == ".safetensors" else Trained(tensors(path))
    return apply_declaration(replace(trained, state=rename_keys(trained.state or {}, weights.remap, str(path))), weights)


def tensors(path: Path) -> dict[str, Tensor]:
    """Read the state dict from a file of torch.save. Only tensors and plain values are ever loaded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns before it refuses
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CatsError(
            f"{path} holds more than tensors, and reading the rest would run code of its author; the file is refused. "
            f"If you trust the file, load it and save its state_dict() as safetensors"
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise CatsError(f"{path} is not a whole file of torch.save: {first_line(error)}") from error
    state = _state(content)
    if state is None:
        raise CatsError(f"{path} holds {_describe(content)}; a state dict is needed, names of parameters with their tensors")
    return state


def _state(content: Any) -> dict[str, Tensor] | None:
    if not isinstance(content, Mapping):
        return None
    inner = next((content[name] for name in WRAPPED if isinstance(content.get(name), Mapping)), content)
    whole = inner and all(isinstance(key, str) and isinstance(value, Tensor) for key, value in inner.items())
    return dict(inner) if whole else None


def _describe(content: Any) -> str:
    kind = type(content).__name__
    return f"a mapping with {', '.join(sorted(map(str, content))[:5]) or 'nothing'}" if isinstance(content, Mapping) else kind


def rename_keys(state: Mapping[str, Tensor], remap: Mapping[str, str], where: str) -> dict[str, Tensor]:
    """Apply every replacement of `remap` to the names, in order; empty names are left out. Raises CatsError for equal names."""
    renamed: dict[str, Tensor] = {}
    origin: dict[str, str] = {}
    for key, value in state.items():
        name = key
        for pattern, replacement in remap.items():
            name = re.sub(pattern, replacement, name)
        if name in renamed:
            raise CatsError(f"{where}: remap turns both '{origin[name]}' and '{key}' into '{name}'")
        if name:
            renamed[name], origin[name] = value, key
    return renamed
