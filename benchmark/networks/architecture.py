"""How a network is built before weights are loaded: enough to make the same kind of network again without its source."""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from torch import nn

from benchmark.networks.network import Network, Trained
from benchmark.specs.arguments import checked_arguments
from benchmark.specs.recipe import Recipe
from results.record import Frozen

LATER = {"layers": 1, "prototype": False}  # fields that older versions did not have → the default, which is what they did


class Architecture(Frozen):
    """How a network is built; see benchmark.networks.network for the fields.

    Attributes:
        layers: see benchmark.specs.recipe.Recipe.
        prototype: whether the head sees the direction of the features from a centre, as the protocol of this name needs.
    """

    backbone: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: Literal["rgb", "bgr", "grey"] = "rgb"
    arguments: dict[str, Any] = {}
    hidden: tuple[int, ...] = ()
    stem: Literal["backbone", "small"] = "backbone"
    layers: int = Field(1, ge=1, le=1000)
    prototype: bool = False

    @model_serializer(mode="wrap")
    def _brief(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later fields that have their default, so that older versions can read the networks that they know."""
        written = write(self)
        return {name: value for name, value in written.items() if name not in LATER or value != LATER[name]}


def network_of(architecture: Architecture, classes: int) -> Network:
    """A network on the CPU whose weights are to be loaded. Raises CatsError if timm does not know the backbone.

    The arguments may come from another person's file, so that only those of benchmark.specs.arguments are passed on to timm.
    """
    checked = checked_arguments(architecture.arguments)
    recipe = Recipe(hidden=architecture.hidden, stem=architecture.stem)
    protocol = "prototype" if architecture.prototype else recipe.protocol
    recipe = recipe.model_copy(update={"protocol": protocol, "layers": architecture.layers})
    arguments = {name: value for name, value in checked.items() if name != "stem"}
    trained = Trained(None, architecture.mean, architecture.std, architecture.channels, arguments)
    return Network(architecture.backbone, trained, classes, recipe)


def architecture_of(network: Network, backbone: str) -> Architecture:
    """The description from which `network_of` builds a network of the same kind."""
    mean, std = (tuple(float(number) for number in values.flatten()) for values in (network.mean, network.std))
    hidden = tuple(layer.out_features for layer in network.dense.modules() if isinstance(layer, nn.Linear))
    return Architecture(
        backbone=backbone, mean=mean, std=std, channels=network.channels, arguments=network.arguments,
        hidden=hidden, stem=network.arguments.get("stem", "backbone"), layers=network.layers, prototype=network.prototype,
    )  # fmt: skip
