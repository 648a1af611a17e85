"""Read and write our safetensors files."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from benchmark.networks.matching import classifier_names
from benchmark.networks.network import UNSTATED, Network, Trained
from benchmark.specs.arguments import ARGUMENTS, checked_arguments
from benchmark.specs.source import Weights
from results.error import CatsError, damage_of
from results.files.atomic import atomic_write


def read_weights(path: Path, weights: Weights | None = None) -> Trained:
    """Weights and input description of a safetensors file; mean and std are UNSTATED where its metadata and `weights` say none.

    Raises CatsError if the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
        raise CatsError(f"{path} is not a whole safetensors file: {damage_of(error)}") from error
    return apply_declaration(_from_metadata(state, metadata, path), weights)


def _from_metadata(state: dict[str, Tensor], metadata: Mapping[str, str], path: Path) -> Trained:
    """Weights with the description of their input from a file's metadata. Raises CatsError for invalid metadata."""

    def refuse(field: str, allowed: str) -> CatsError:
        return CatsError(f"{path}: its metadata say {field} '{metadata[field]}'; {allowed}")

    numbers: dict[str, tuple[float, ...]] = {"mean": UNSTATED, "std": UNSTATED}
    count = {1, 3} if metadata.get("channels") == "grey" else {3}
    for key in filter(metadata.get, numbers):
        try:
            numbers[key] = tuple(float(part) for part in metadata[key].split(","))
        except ValueError:
            raise refuse(key, "numbers are needed, with commas between them") from None
        finite = all(map(math.isfinite, numbers[key]))
        if len(numbers[key]) not in count or not finite or (key == "std" and min(numbers[key]) <= 0):
            raise refuse(key, "one number for each channel is needed, all finite, those of std above 0")
    if metadata.get("channels", "rgb") not in {"rgb", "bgr", "grey"}:
        raise refuse("channels", "allowed are rgb, bgr, grey")
    stated = {key: metadata[key] for key in ARGUMENTS if metadata.get(key) or (key in metadata and "" in ARGUMENTS[key].words)}
    arguments = checked_arguments(stated, f"{path}, metadata")
    channels = metadata.get("channels", "rgb")
    return Trained(state, numbers["mean"], numbers["std"], channels, arguments, origin=str(path))


def apply_declaration(trained: Trained, weights: Weights | None) -> Trained:
    """Replace the description of the input and the arguments of the network by what an entry declares about them."""
    if weights is None:
        return trained
    changes: dict[str, Any] = {"layout": weights.layout} | ({"channels": weights.channels} if weights.channels else {})
    if weights.mean is not None and weights.std is not None:
        changes |= {"mean": weights.mean, "std": weights.std}
    if weights.range is not None:
        low, high = weights.range
        changes |= {"mean": (low / (low - high),) * 3, "std": (1 / (high - low),) * 3}
    return replace(trained, arguments=trained.arguments | weights.network_arguments, **changes)


def write_weights(path: Path, network: Network, trained: Trained, notes: dict[str, str]) -> None:
    """Store a pretrained network so that read_weights() gives it back. Atomic: the file is whole or absent.

    The content is not flushed to the disk: move_into_place() does that when the pretraining has its record.

    The head is stored under timm's name for it, because measures need the source's classifier. A head that follows dense
    layers is left out. The same weights and notes give the same bytes.
    """
    metadata = {
        "mean": ",".join(map(str, trained.mean)),
        "std": ",".join(map(str, trained.std)),
        "channels": trained.channels,
    }
    metadata |= {name: str(value) for name, value in network.arguments.items()}
    state = {k: v.detach().cpu().contiguous() for k, v in network.backbone.state_dict().items()}
    for name in classifier_names(network.backbone)[:1] if not len(network.dense) else ():
        state |= {f"{name}.{part}": tensor.detach().cpu().contiguous() for part, tensor in network.head.state_dict().items()}
    content = sort_header(save(state, {**notes, **metadata}))
    with atomic_write(path, "pretrained weights", durable=False) as draft:
        draft.write_bytes(content)


def sort_header(content: bytes) -> bytes:
    """Sort the header of a safetensors file: the library writes metadata in a different order every time."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # tensors begin at a multiple of 8 bytes
    return len(header).to_bytes(8, "little") + header + content[start:]
