"""Weights of the Hugging Face hub in timm's layout: `config.json` and `model.safetensors` at one commit."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.core.digest import file_digest
from benchmark.networks.network import ARGUMENTS, UNSTATED, Trained
from benchmark.networks.state_dict import rename_keys
from benchmark.networks.weight_file import apply_declaration, read_weights
from benchmark.specs.source import Weights, pick
from results.error import CatsError, first_line
from results.text.brief import briefly

log = logging.getLogger(__name__)
LAYOUT = ("config.json", "model.safetensors")


def hub_weights(weights: Weights, backbone: str) -> Trained:
    """The weights of a repository, fetched or found in the hub's cache.

    Raises CatsError if they cannot be fetched, are of another architecture, or do not have the declared checksum.
    """
    place = f"{pick(weights.hub, backbone)}@{pick(weights.revision, backbone)}"
    config_file, tensors = (_fetch(place, name, backbone) for name in LAYOUT)
    config = _read_config(config_file, place)
    if config.get("architecture") != backbone:
        raise CatsError(f"{place} holds weights of {config.get('architecture')}, not of {backbone}")
    expected = pick(weights.sha256, backbone)
    actual = file_digest(tensors) if expected else None
    if actual != expected:
        raise CatsError(f"{place}: model.safetensors has sha256 {actual}, expected {expected}")
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


def _fetch(place: str, name: str, backbone: str) -> Path:
    from huggingface_hub import hf_hub_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it logs every retry twice
    repository, _, commit = place.partition("@")
    log.info("fetching %s of %s", name, place)
    try:
        return Path(hf_hub_download(repository, name, revision=commit))
    except Exception as error:  # the client raises errors of many libraries
        raise CatsError(
            f"{name} of {place} could not be fetched from the hub ({first_line(error)}); fetch it once where there is "
            f"a network, or put the weights as {backbone}.NAME.safetensors into the folder CATS_WEIGHTS and name them with file"
        ) from error


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

    Those in ARGUMENTS only shape the network; others could do more.
    """
    refused = sorted(name for name, value in values.items() if name not in ARGUMENTS or isinstance(value, list | dict))
    if refused:
        raise CatsError(f"{place} sets {', '.join(refused)} of the network; allowed are {', '.join(ARGUMENTS)}")
    try:
        return {name: ARGUMENTS[name](value) for name, value in values.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise CatsError(f"{place} sets {', '.join(values)} of the network to what is none: {first_line(error)}") from error


def _numbers(described: Any, key: str, place: str) -> tuple[float, ...]:
    """Mean or std as the configuration states it. Raises CatsError for anything but finite numbers, those of std above 0."""
    stated = (described.get(key) if isinstance(described, dict) else None) or UNSTATED
    numbers = tuple(stated) if isinstance(stated, list | tuple) else (stated,)
    kinds = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
    plain = kinds and all(-1e30 < number < 1e30 for number in numbers)
    if not plain or (key == "std" and any(number <= 0 for number in numbers)):
        raise CatsError(f"{place}: config.json says {key} {briefly(stated)}; finite numbers are needed, those of std above 0")
    return numbers
