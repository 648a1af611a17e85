"""Weights of the Hugging Face hub at one commit: the two files of timm's layout, or a file that an entry names."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.core.digest import file_digest
from benchmark.networks.hub_refusal import hub_refusal
from benchmark.networks.network import UNSTATED, Trained
from benchmark.networks.state_dict import read_file, rename_keys
from benchmark.networks.weight_file import apply_declaration, read_weights
from benchmark.specs.arguments import ARGUMENTS, OURS, checked_arguments
from benchmark.specs.source import Weights
from benchmark.specs.weight_place import pick
from results.error import CatsError
from results.text.brief import briefly

log = logging.getLogger(__name__)
LAYOUT = ("config.json", "model.safetensors")


def hub_weights(weights: Weights, backbone: str) -> Trained:
    """The weights of a repository, fetched or found in the hub's cache.

    Raises CatsError if they cannot be fetched, are of another architecture, or do not have the declared checksum.
    """
    place = f"{pick(weights.hub, backbone)}@{pick(weights.revision, backbone)}"
    named = pick(weights.hub_file, backbone)
    if named is not None:
        path = _fetch(place, named, backbone, weights)
        _require_sha256(path, weights, backbone, f"{place}: {named}")
        return replace(read_file(path, weights), origin=f"{place}/{named}")
    config_file, tensors = (_fetch(place, name, backbone, weights) for name in LAYOUT)
    config = _read_config(config_file, place)
    if config.get("architecture") != backbone:
        raise CatsError(f"{place} holds weights of {config.get('architecture')}, not of {backbone}")
    _require_sha256(tensors, weights, backbone, f"{place}: model.safetensors")
    arguments = _arguments(config.get("model_args") or {}, place)
    described = config.get("pretrained_cfg", config)
    stored = read_weights(tensors)
    trained = Trained(
        rename_keys(stored.state or {}, weights.remap, place),
        mean=_numbers(described, "mean", place),
        std=_numbers(described, "std", place),
        origin=place,
    )
    return apply_declaration(replace(trained, arguments=arguments), weights)


def _require_sha256(path: Path, weights: Weights, backbone: str, what: str) -> None:
    """Raises CatsError for a file of another checksum than the entry declares."""
    expected = pick(weights.sha256, backbone)
    actual = file_digest(path) if expected else None
    if actual != expected:
        raise CatsError(f"{what} has sha256 {actual}, expected {expected}")


def _fetch(place: str, name: str, backbone: str, weights: Weights) -> Path:
    from huggingface_hub import hf_hub_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it logs every retry twice
    repository, _, commit = place.partition("@")
    log.info("fetching %s of %s", name, place)
    try:
        return Path(hf_hub_download(repository, name, revision=commit))
    except Exception as error:  # the client raises errors of many libraries
        instead = (
            f"fetch it once where there is a network, or put the weights as {backbone}.{weights.file or 'NAME'}.safetensors "
            f"into the folder CATS_WEIGHTS{'' if weights.file else ' and name them with file'}"
            f"{'' if weights.hub_file else '; hub_file names the file of a repository in another layout than that of timm'}"
        )
        raise hub_refusal(error, f"{name} of {place}", repository, weights.gate, instead) from error


def _read_config(path: Path, place: str) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatsError(f"{place}: config.json is not valid JSON: {error}") from error
    if not isinstance(config, dict):
        raise CatsError(f"{place}: config.json holds {type(config).__name__}, not keys and values")
    return config


def _arguments(values: dict[str, Any], place: str) -> dict[str, Any]:
    """The arguments of timm.create_model that a repository sets. Raises CatsError for one that is not in ARGUMENTS.

    Those in ARGUMENTS only shape the network; others could do more. The number of classes concerns the head of the source.
    """
    given = {name: value for name, value in values.items() if name != "num_classes"}
    allowed = [name for name in ARGUMENTS if name not in OURS]
    refused = sorted(name for name, value in given.items() if name not in allowed or isinstance(value, list | dict))
    if refused:
        raise CatsError(f"{place} sets {', '.join(refused)} of the network; allowed are {', '.join(allowed)}")
    return checked_arguments(given, place)


def _numbers(described: Any, key: str, place: str) -> tuple[float, ...]:
    """Mean or std as the configuration states it. Raises CatsError for anything but finite numbers, those of std above 0."""
    stated = (described.get(key) if isinstance(described, dict) else None) or UNSTATED
    numbers = tuple(stated) if isinstance(stated, list | tuple) else (stated,)
    kinds = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
    plain = kinds and all(-1e30 < number < 1e30 for number in numbers)
    if not plain or (key == "std" and any(number <= 0 for number in numbers)):
        raise CatsError(f"{place}: config.json says {key} {briefly(stated)}; finite numbers are needed, those of std above 0")
    return numbers
