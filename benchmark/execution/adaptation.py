"""Whether the backbones of a plan have what its protocols need: blocks, biases, attention, features of lower layers.

Said before anything starts, by `cats plan` and `cats run`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from benchmark.execution.fit import arguments_of
from benchmark.specs.protocols import PROTOCOLS
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start
from results.error import CatsError

if TYPE_CHECKING:
    from benchmark.networks.network import Network

Starts = Mapping[tuple[str, str], Mapping[int, Start]]


def adaptation_refusals(points: Iterable[Recipe], starts: Starts, *, fetch: bool) -> list[str]:
    """Return one sentence for each backbone and point of the recipe that do not go together.

    `starts`: those of a plan, see benchmark.specs.resolved. `fetch`: whether weights of the hub and of MLflow may be fetched,
    because they may set arguments of their network; otherwise networks with such weights are left out.
    """
    deciding = dict.fromkeys(_deciding(point) for point in points if _needs_parts(point))
    if not deciding:
        return []
    each = {start.key: start for by_seed in starts.values() for start in by_seed.values()}.values()
    arguments = [(start.backbone, arguments_of(start, fetch)) for start in each]
    networks = dict.fromkeys((name, tuple(sorted(given.items()))) for name, given in arguments if given is not None)
    sentences = [refusal(*network, point) for network in networks for point in deciding]
    return list(dict.fromkeys(f"recipe: {sentence}" for sentence in sentences if sentence is not None))


def check_adaptations(points: Iterable[Recipe], starts: Starts, *, fetch: bool = False) -> None:
    """Raises CatsError with the sentences of adaptation_refusals, one per line, if there are any."""
    sentences = adaptation_refusals(points, starts, fetch=fetch)
    if sentences:
        raise CatsError(*sentences)


def _needs_parts(recipe: Recipe) -> bool:
    """Whether a recipe asks for parts that a backbone may not have."""
    return recipe.layers > 1 or (recipe.trains_backbone and not PROTOCOLS[recipe.protocol].trains_all)


def _deciding(recipe: Recipe) -> Recipe:
    """A recipe with the keys alone that decide what is trained."""
    names = ("protocol", "adapted", "blocks", "layers")
    return Recipe.model_construct(**{name: getattr(recipe, name) for name in names})


@lru_cache(maxsize=1024)
def refusal(backbone: str, arguments: tuple[tuple[str, Any], ...], recipe: Recipe) -> str | None:
    """Why a protocol does not work with a backbone; None if it does, or if nobody knows. No number is computed."""
    from benchmark.networks.layers import last_layer_only
    from benchmark.networks.shapes import NEEDS_NUMBERS

    try:
        network = adapted_network(backbone, dict(arguments), recipe)
        if recipe.layers > 1 and not _gives_layers(network):
            return last_layer_only(backbone, recipe.layers)
    except CatsError as error:
        return str(error)
    except NEEDS_NUMBERS:
        return None
    return None


def adapted_network(backbone: str, arguments: Mapping[str, Any], recipe: Recipe, size: int | None = None) -> "Network":
    """The network without numbers that a recipe trains, for two classes, with the parts chosen that its protocol trains.

    `arguments`, `size`: see benchmark.networks.network.Trained.

    Raises CatsError if the backbone does not have what the protocol trains, and one of benchmark.networks.shapes.NEEDS_NUMBERS
    if it cannot be built without numbers.
    """
    from benchmark.networks.network import Network, Trained
    from benchmark.networks.shapes import shapes_only
    from benchmark.training.protocols import protocol_of
    from benchmark.training.protocols.finetune import Finetune

    with shapes_only():
        network = Network(backbone, Trained(arguments=dict(arguments), size=size), 2, recipe)
    protocol = protocol_of(recipe.protocol)
    if isinstance(protocol, Finetune):
        protocol.adapt(network, recipe, 0)
    return network


def _gives_layers(network: "Network") -> bool:
    """Whether a pass gives as many features of several layers as timm lists; some networks refuse that by assertions."""
    import torch

    from benchmark.networks.timm_model import own_size

    size = own_size(network.backbone, network.arguments)
    try:
        with torch.no_grad():
            features = network.eval().features(torch.empty(2, 3, size, size, device="meta"))
    except Exception:  # noqa: BLE001
        return False
    return tuple(features.shape) == (2, network.feature_count)
