"""How a network is built before weights are loaded: enough to make the same kind of network again without its source."""

from collections.abc import Mapping
from typing import Any, Literal

from torch import nn

from benchmark.networks.network import ARGUMENTS, Network, Trained
from benchmark.specs.recipe import Recipe
from results.error import CatsError, nearest
from results.record import Frozen
from results.text.brief import briefly, short


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
    """A network on the CPU whose weights are to be loaded. Raises CatsError if timm does not know the backbone.

    The arguments may come from another person's file, so that only those of ARGUMENTS are passed on to timm.
    """
    _require_arguments(architecture.arguments)
    recipe = Recipe(hidden=architecture.hidden, stem=architecture.stem)
    arguments = {name: value for name, value in architecture.arguments.items() if name != "stem"}
    trained = Trained(None, architecture.mean, architecture.std, architecture.channels, arguments)
    return Network(architecture.backbone, trained, classes, recipe)


def _require_arguments(arguments: Mapping[str, Any]) -> None:
    """Raises CatsError that names an argument which is not in ARGUMENTS, or whose value is of another type."""
    for name, value in arguments.items():
        if name not in ARGUMENTS:
            raise CatsError(f"'{short(name)}' is no argument of a network{nearest(name, ARGUMENTS)}")
        kind = ARGUMENTS[name]
        if isinstance(value, bool) or not isinstance(value, int | float if kind is float else kind):
            raise CatsError(f"the argument {name} of a network is {briefly(value)}; a value of type {kind.__name__} is needed")


def architecture_of(network: Network, backbone: str) -> Architecture:
    """The description from which `network_of` builds a network of the same kind."""
    mean, std = (tuple(float(number) for number in values.flatten()) for values in (network.mean, network.std))
    hidden = tuple(layer.out_features for layer in network.dense.modules() if isinstance(layer, nn.Linear))
    return Architecture(
        backbone=backbone, mean=mean, std=std, channels=network.channels, arguments=network.arguments,
        hidden=hidden, stem=network.arguments.get("stem", "backbone"),
    )  # fmt: skip
