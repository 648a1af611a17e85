"""The weights that a start names, and networks that begin with them."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmark.core.digest import file_digest
from benchmark.core.seed import seed_of
from benchmark.networks.copying import copy_of
from benchmark.networks.hub import hub_weights
from benchmark.networks.input_size import image_size
from benchmark.networks.network import PLAIN, Network, Trained, build, fit_of
from benchmark.networks.registry_weights import fetch_weights
from benchmark.networks.state_dict import read_file, rename_keys
from benchmark.networks.timm_weights import timm_weights
from benchmark.networks.weight_file import apply_declaration, read_weights
from benchmark.specs.recipe import Recipe
from benchmark.specs.resolve import passed_over, weight_file
from benchmark.specs.source import Weights
from benchmark.specs.start import AGAIN, Start, pretrained_path
from benchmark.specs.weight_place import pick
from results.error import CatsError
from results.files.kept import damage

_drawing = threading.Lock()  # torch draws initial weights from a generator that all threads share


def initial_network(start: Start, classes: int, seed: int, recipe: Recipe | None = None) -> Network:
    """A network on the CPU with the weights of its start and a head that depends on `seed` alone.

    The network is built for images of the recipe's size; without a recipe for those for which its weights were made.
    """
    with _drawing:
        trained = weights_of(start) if recipe is None else weights_for(start, recipe)
        torch.manual_seed(seed_of("initialisation", start.backbone, str(start.seed)))
        is_random = trained.state is None  # else nothing in the backbone is random, and a copy takes half as long as building
        stem = (recipe or PLAIN).stem
        backbone = start.backbone if is_random else copy_of(cached_backbone(start, stem, trained.size))
        network = Network(backbone, trained, classes, recipe or PLAIN)
        torch.manual_seed(seed)
        network.reset_head()
    return network


def untrained_network(backbone: str, arguments: Mapping[str, Any], classes: int, recipe: Recipe) -> Network:
    """A network on the CPU with random weights, built as weights with these arguments need it, for images of the recipe's size.

    arguments: see Trained.
    """
    size = image_size(backbone, recipe.size, arguments, recipe.stem)
    with _drawing:
        torch.manual_seed(seed_of("initialisation", backbone, "0"))
        return Network(backbone, Trained(arguments=dict(arguments), size=size), classes, recipe)


def global_generators(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of the generators that all networks of the process share; some layers of timm draw from them in training."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_global_generators(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Set the generators to states that global_generators() has returned. Waits while a network draws its initial weights."""
    with _drawing:
        torch.set_rng_state(states["cpu"])
        if device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"], device)


@lru_cache(maxsize=1)
def cached_backbone(start: Start, stem: str, size: int | None = None) -> nn.Module:
    """A backbone with the weights of its start, to be copied. `size`: see Trained."""
    return build(start.backbone, replace(weights_of(start), size=size), stem)


def weights_for(start: Start, recipe: Recipe) -> Trained:
    """The weights that a start names, for a network that is given images of the recipe's size.

    Raises CatsError as weights_of does.
    """
    trained = weights_of(start)
    return replace(trained, size=image_size(start.backbone, recipe.size, trained.arguments, recipe.stem))


def choices_in(start: Start) -> tuple[str, ...]:
    """One sentence for each choice that was made among the files of a start and their contents; builds the backbone for it.

    Raises CatsError if the weights are absent, differ from the weights named, or do not fit.
    """
    trained = weights_of(start)
    cached_backbone(start, PLAIN.stem)  # refuses what is not finite, and a pooling that the backbone does not have
    note = fit_of(start.backbone, trained).note if trained.state else None
    return (*passed_over(start), *trained.notes, *([note] if note else []))


@lru_cache(maxsize=4)
def weights_of(start: Start) -> Trained:
    """The weights that a start names.

    Raises CatsError if they are absent, differ from the weights named, or if nothing says how their images were normalised.
    """
    trained = _read(start)
    if not (trained.mean and trained.std):
        raise CatsError(
            f"source {start.source}: neither its entry nor {trained.origin} says with which mean and std the images of these "
            f"weights were normalised; write `mean` and `std`, or `range`, under `weights` of the entry, for example "
            f"mean: [0.485, 0.456, 0.406] and std: [0.229, 0.224, 0.225] if these are the usual ones of ImageNet, or put both "
            f"into the metadata of a safetensors file"
        )
    return trained


def _read(start: Start) -> Trained:
    if start.kind == "random":
        return Trained()
    if start.kind == "pretraining":
        path = pretrained_path(start)
        if not path.exists():
            raise CatsError(
                f"the pretraining of {start.source} for {start.backbone} has left no weights; see the run of that pretraining"
            )
        wrong = damage(path)
        if wrong is not None:
            raise CatsError(f"the pretrained weights {path} are damaged, the file {wrong}; {AGAIN}")
        return read_weights(path)
    weights = start.input
    assert weights is not None
    if start.kind == "hub":
        return hub_weights(weights, start.backbone)
    if start.kind == "timm":
        trained = timm_weights(str(start.weights), _place(weights, start.backbone), weights.gate)
        return apply_declaration(
            replace(trained, state=rename_keys(trained.state or {}, weights.remap, str(start.weights))), weights
        )
    return read_file(_file(start, weights), weights)


def _place(weights: Weights, backbone: str) -> str:
    """The file that would serve instead of fetched weights, and where it would have to lie."""
    return f"{backbone}.{weights.file or 'NAME'}.safetensors into the folder CATS_WEIGHTS"


def weights_error(start: Start) -> CatsError | None:
    """Load the weights that a start names, so that no waiting for a hub is measured. Returns why they cannot be loaded."""
    try:
        weights_of(start)
    except CatsError as error:
        return error
    return None


def _file(start: Start, weights: Weights) -> Path:
    """The file that a start names. Raises CatsError if its checksum has changed since the plan was read."""
    if start.kind == "mlflow":
        return fetch_weights(str(pick(weights.mlflow, start.backbone)), start)
    path = weight_file(weights, start.backbone)
    if path is None:
        raise CatsError(f"the weights {start.backbone}.{weights.file} no longer exist")
    if file_digest(path) != start.weights:
        raise CatsError(f"{path} has changed since the plan was read: its sha256 is different")
    return path
