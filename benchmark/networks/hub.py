"""Weights of the Hugging Face hub in timm's layout: `config.json` and `model.safetensors` at one commit."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.core.digest import file_digest
from benchmark.networks.network import ARGUMENTS, HALF, Trained
from benchmark.networks.state_dict import rename_keys
from benchmark.networks.weight_file import apply_declaration, read_weights
from benchmark.specs.source import Weights, pick
from results.error import CatsError, first_line

log = logging.getLogger(__name__)
LAYOUT = ("config.json", "model.safetensors")


def hub_weights(weights: Weights, backbone: str) -> Trained:
    """The weights of a repository, fetched or found in the hub's cache.

    Raises CatsError if they cannot be fetched, are of another architecture, or do not have the declared checksum.
    """
    place = f"{pick(weights.hub, backbone)}@{pick(weights.revision, backbone)}"
    config, tensors = (_fetched(place, name, backbone) for name in LAYOUT)
    told = _config(config, place)
    if told.get("architecture") != backbone:
        raise CatsError(f"{place} holds weights of {told.get('architecture')}, not of {backbone}")
    expected = pick(weights.sha256, backbone)
    actual = file_digest(tensors) if expected else None
    if actual != expected:
        raise CatsError(f"{place}: model.safetensors has sha256 {actual}, expected {expected}")
    arguments = _arguments(told.get("model_args") or {}, place)
    described = told.get("pretrained_cfg", told)
    read = read_weights(tensors)
    found = Trained(
        rename_keys(read.state or {}, weights.remap, place),
        mean=tuple(described.get("mean", HALF)),
        std=tuple(described.get("std", HALF)),
    )
    return apply_declaration(replace(found, arguments=arguments), weights)


def _fetched(place: str, name: str, backbone: str) -> Path:
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


def _config(path: Path, place: str) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatsError(f"{place}: config.json is no JSON: {error}") from error
    if not isinstance(told, dict):
        raise CatsError(f"{place}: config.json holds {type(told).__name__}, not keys and values")
    return told


def _arguments(given: dict[str, Any], place: str) -> dict[str, Any]:
    """Of what a repository wants set in timm.create_model only what is known to do no more than shape the network."""
    strange = sorted(name for name, value in given.items() if name not in ARGUMENTS or isinstance(value, list | dict))
    if strange:
        raise CatsError(f"{place} sets {', '.join(strange)} of the network; allowed are {', '.join(ARGUMENTS)}")
    return {name: ARGUMENTS[name](value) for name, value in given.items()}
