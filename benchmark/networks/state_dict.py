"""Read state dicts of other programs: checkpoints that hold only tensors and plain values, with other names of parameters."""

import argparse
import pickle
import threading
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.core.patterns import replaced
from benchmark.networks.matching import SECOND
from benchmark.networks.network import UNSTATED, Trained
from benchmark.networks.weight_file import apply_declaration, read_weights
from benchmark.specs.source import Weights
from results.error import CatsError, damage_of, nearest
from results.files.limits import require_ratio

# Where training scripts put the weights beside epoch and optimiser, the most usual name first.
WRAPPED = ("state_dict", "model", "net", "model_state_dict", "network", "params", "weights")
INSTEAD = (b"<", b"version https://git-lfs")  # a web page, or what Git keeps in place of a large file
State = dict[str, Tensor]
_reading = threading.Lock()  # torch keeps the list of harmless classes for the whole process


def read_file(path: Path, weights: Weights) -> Trained:
    """Read weights and rename them to timm's names. Raises CatsError if the file is damaged or holds more than tensors."""
    if path.suffix == ".safetensors" or _is_safetensors(path):
        trained = read_weights(path)
        if weights.state_dict_key:
            trained = replace(trained, state=_named(weights.state_dict_key, {}, dict(trained.state or {}), path))
    else:
        state, note = tensors(path, weights.state_dict_key)
        trained = Trained(state, UNSTATED, UNSTATED, origin=str(path), notes=(note,) if note else ())
    return apply_declaration(replace(trained, state=rename_keys(trained.state or {}, weights.remap, str(path))), weights)


def _is_safetensors(path: Path) -> bool:
    """Whether a file with another ending begins as files of safetensors do: with the length of a header, and the header."""
    with path.open("rb") as file:
        begin = file.read(9)
    return len(begin) == 9 and begin.endswith(b"{") and int.from_bytes(begin[:8], "little") < path.stat().st_size


def tensors(path: Path, key: str | None = None) -> tuple[State, str | None]:
    """Read a state dict from a file of torch.save, with a sentence if the file holds others. Code in the file is never run.

    `key`: the name of the state dict, or what the names of its parameters begin with; by default the usual names, and not a
    running mean of the weights if there are plain ones.
    """
    content = _loaded(path)
    own = _state(content)
    states = {} if own is not None else _states(content)
    if key is not None:
        return _named(key, states, own or states.get(_usual(states) or "", {}), path), None
    if own is not None:
        return own, None
    name = _usual(states)
    if name is None and states:
        names = " and ".join(repr(each) for each in list(states)[:3])
        raise CatsError(f"{path} holds {len(states)} state dicts, {names}; choose one, as state_dict_key: {next(iter(states))}")
    if name is None:
        raise CatsError(f"{path} holds {_describe(content)}; a state dict is needed, names of parameters with their tensors")
    others = [other for other in states if other != name]
    if not others and not SECOND.search(name):
        return states[name], None
    beside = f"; it also holds {', '.join(map(repr, others[:3]))}, choose with state_dict_key: {others[0]}" if others else ""
    return states[name], f"{path}: the weights under '{name}' are taken{beside}"


def _loaded(path: Path) -> Any:
    with path.open("rb") as file:
        begin = file.read(40)
    if begin.startswith(INSTEAD):
        raise CatsError(
            f"{path} begins with {begin[:20].decode('latin-1')!r}: it is a page or a pointer in place of the weights"
        )
    try:
        with warnings.catch_warnings(), _reading, torch.serialization.safe_globals([argparse.Namespace]):
            warnings.simplefilter("ignore")  # torch warns before it refuses
            _require_stored(path)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CatsError(
            f"{path} holds more than tensors, and reading the rest would run code of its author; the file is refused. "
            f"If you trust the file, load it and save its state_dict() as safetensors"
        ) from error
    except CatsError:
        raise
    except Exception as error:  # for damaged bytes torch raises nearly any error
        raise CatsError(f"{path} is not a whole file of torch.save: {damage_of(error)}") from error


def _require_stored(path: Path) -> None:
    """Raises CatsError for a file that would become far larger than weights can be packed, and for a program of TorchScript."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            require_ratio(sum(item.file_size for item in archive.infolist()), path.stat().st_size, str(path))
        if any(name.endswith("constants.pkl") for name in names) and any("/code/" in name for name in names):
            raise CatsError(
                f"{path} is a program of TorchScript, and reading it would run code of its author; the file is refused. "
                f"If you trust the file, load it with torch.jit.load and save its state_dict() as safetensors"
            )


def _state(content: Any) -> State | None:
    """The content itself if it is a state dict."""
    if not isinstance(content, Mapping) or not content:
        return None
    whole = all(isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items())
    return dict(content) if whole and all(map(_is_plain, content.values())) else None


def _is_plain(tensor: Tensor) -> bool:
    """True if all numbers of a tensor are stored; one number may otherwise stand for more than any memory holds."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _states(content: Any) -> dict[str, State]:
    """Name → state dict, of every state dict in a mapping, or one mapping deeper.

    Names of parameters hold a dot; states of random generators and of optimisers have other names.
    """
    found: dict[str, State] = {}
    for name, value in content.items() if isinstance(content, Mapping) else ():
        inner = value.items() if isinstance(value, Mapping) else ()
        deeper = {f"{name}.{key}": part for key, part in inner if isinstance(key, str)}
        for each, part in {str(name): value, **deeper}.items():
            state = _state(part)
            if state is not None and any("." in key for key in state):
                found[each] = state
    return found


def _usual(states: Mapping[str, State]) -> str | None:
    """The state dict that a person means who names none; None if there is none, or if several could be meant."""
    named = [name for name in WRAPPED if name in states]
    first = named[:1] or [name for name in states if not SECOND.search(name)] or list(states)
    return first[0] if len(first) == 1 else None


def _named(key: str, states: Mapping[str, State], plain: State, path: Path) -> State:
    """The state dict of that name, or the parameters whose names begin with it. Raises CatsError if there are none."""
    below = {name.removeprefix(f"{key}."): value for name, value in plain.items() if name.startswith(f"{key}.")}
    if key not in states and not below:
        known = list(states) or sorted({name.partition(".")[0] for name in plain})
        raise CatsError(
            f"{path} has no state dict '{key}', and no name of a parameter begins with '{key}.'{nearest(key, known)}"
        )
    return states.get(key) or below


def _describe(content: Any) -> str:
    kind = type(content).__name__
    return f"a mapping with {', '.join(sorted(map(str, content))[:5]) or 'nothing'}" if isinstance(content, Mapping) else kind


def rename_keys(state: Mapping[str, Tensor], remap: Mapping[str, str], where: str) -> State:
    """Apply every replacement of `remap` to the names, in order; empty names are left out. Raises CatsError for equal names."""
    renamed: State = {}
    origin: dict[str, str] = {}
    names = list(state)
    for pattern, replacement in remap.items():
        names = replaced(pattern, replacement, names)
    for name, (key, value) in zip(names, state.items(), strict=True):
        if name in renamed:
            raise CatsError(f"{where}: remap turns both '{origin[name]}' and '{key}' into '{name}'")
        if name:
            renamed[name], origin[name] = value, key
    return renamed
