"""The weights that a start names, and networks that begin with them."""

from functools import lru_cache
from pathlib import Path

import torch

from benchmark.home import home
from benchmark.network import Network, Trained, read_weights, timm_weights
from benchmark.seed import seed_of
from benchmark.source import Weights
from benchmark.start import Start, weight_file
from results.error import CatsError


def initialised(start: Start, classes: int, dropout: float, seed: int) -> Network:
    """A network on the CPU with the weights of its start and a head that depends on `seed` alone."""
    torch.manual_seed(seed_of("initialisation", start.backbone, str(start.seed)))
    network = Network(start.backbone, weights_of(start), classes, dropout)
    torch.manual_seed(seed)
    network.head.reset_parameters()
    return network


@lru_cache(maxsize=4)
def weights_of(start: Start) -> Trained:
    """The weights that a start names. Raises CatsError if they are not there or are not the ones named."""
    if start.kind == "random":
        return Trained()
    if start.kind == "pretraining":
        path = pretrained_path(start)
        if not path.exists():
            raise CatsError(f"the pretraining of {start.source} for {start.backbone} has left no weights; see its own run")
        return read_weights(path, Weights(file=""))
    assert start.input is not None
    if start.kind == "timm":
        return timm_weights(str(start.weights))
    found = weight_file(start.input, start.backbone)
    if found is None:
        raise CatsError(f"the weights {start.backbone}.{start.input.file}.safetensors are gone")
    return read_weights(found, start.input)


def pretrained_path(start: Start) -> Path:
    """Where the weights of a pretraining lie."""
    return home() / "pretrained" / f"{start.key}.safetensors"
