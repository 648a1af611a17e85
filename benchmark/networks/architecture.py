"""How a network is built before weights are loaded: enough to make the same kind of network again without its source."""

from typing import Any, Literal

from torch import nn

from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe
from results.record import Frozen


class Architecture(Frozen):
    """How a network is built; see benchmark.networks.network for the fields."""

    backbone: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: Literal["rgb", "bgr", "grey"] = "rgb"
    arguments: dict[str, Any] = {}
    hidden: tuple[int, ...] = ()
    stem: Literal["backbone", "small"] = "backbone"


def network_of(architecture: Architecture, classes: int) -> Network:
    """A network on the CPU whose weights are to be loaded. Raises CatsError if timm does not know the backbone."""
    recipe = Recipe(hidden=architecture.hidden, stem=architecture.stem)
    arguments = {name: value for name, value in architecture.arguments.items() if name != "stem"}
    trained = Trained(None, architecture.mean, architecture.std, architecture.channels, arguments)
    return Network(architecture.backbone, trained, classes, recipe)


def architecture_of(network: Network, backbone: str) -> Architecture:
    """The description from which `network_of` builds a network of the same kind."""
    mean, std = (tuple(float(number) for number in values.flatten()) for values in (network.mean, network.std))
    hidden = tuple(layer.out_features for layer in network.dense.modules() if isinstance(layer, nn.Linear))
    return Architecture(
        backbone=backbone, mean=mean, std=std, channels=network.channels, arguments=network.arguments,
        hidden=hidden, stem=network.arguments.get("stem", "backbone"),
    )  # fmt: skip
