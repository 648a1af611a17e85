"""Which parameters of a backbone belong to its last blocks, its biases or its norm layers, and what trains beside the head."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from torch import nn

from benchmark.networks.freezing import name_of
from benchmark.networks.network import Network
from results.error import CatsError

BIAS = ("bias", "_bias")  # ends of the names of biases: attention of BEiT has q_bias and v_bias
WITHOUT_NORM = "normfree"  # in the names of timm's blocks without norm layers, which have a gain of their own


def train_only(network: Network, names: Collection[str]) -> None:
    """Train these parameters of the backbone, and all layers after the backbone; freeze the others.

    Parts of the backbone without a trained parameter stay in evaluation mode from now on, so that their norm layers keep the
    statistics of the source.
    """
    for name, parameter in network.backbone.named_parameters():
        parameter.requires_grad_(name in names)
    network.partly = True
    network.train(network.training)


def biases(backbone: nn.Module) -> set[str]:
    """The names of all biases, those of norm layers included. Raises CatsError if there is none."""
    found = {name for name, _ in backbone.named_parameters() if name.rpartition(".")[2].endswith(BIAS)}
    if not found:
        raise CatsError(f"backbone {name_of(backbone)} has no bias, and protocol bitfit trains biases; choose another protocol")
    return found


def norms(backbone: nn.Module) -> set[str]:
    """The names of the scales and shifts of all norm layers. Raises CatsError if there is none."""
    kinds = [(name, layer, _kinds(layer)) for name, layer in backbone.named_modules()]
    layers = [(name, layer) for name, layer, kind in kinds if "norm" in kind and WITHOUT_NORM not in kind]
    found = {f"{name}.{own}" if name else own for name, layer in layers for own, _ in layer.named_parameters(recurse=False)}
    if not found:
        raise CatsError(
            f"backbone {name_of(backbone)} has no norm layer with a scale, and protocol norms trains those; "
            "choose another protocol"
        )
    return found


def _kinds(layer: nn.Module) -> str:
    """The names of the classes that a layer is made of, in small letters; timm has some fifty classes of norm layers."""
    return " ".join(kind.__name__.lower() for kind in type(layer).__mro__)


def last_blocks(backbone: nn.Module, count: int) -> set[str]:
    """The names of the parameters of the last `count` blocks, and of what comes after them, such as a last norm layer.

    The blocks are those by which timm groups layers for learning rates that decay from layer to layer.
    Raises CatsError if there are fewer blocks, or if timm knows no blocks of this backbone.
    """
    blocks, after = _blocks(backbone)
    if not blocks:
        raise CatsError(
            f"timm knows no blocks of backbone {name_of(backbone)}, and protocol partial trains the last blocks; "
            "choose another protocol"
        )
    if count > len(blocks):
        raise CatsError(f"blocks is {count}, but backbone {name_of(backbone)} has {len(blocks)} blocks")
    return {name for block in blocks[-count:] for name in block} | set(after)


def _blocks(backbone: nn.Module) -> tuple[list[list[str]], list[str]]:
    """The names of the parameters of each block, from the first to the last, and of what comes after all blocks.

    The first group of timm is the stem, which is no block. What no pattern of timm matches comes after the blocks if it does
    so in the network too; positions and tokens, for example, do not.
    """
    from timm.models._manipulate import group_parameters

    try:
        matcher = backbone.group_matcher(coarse=False)  # type: ignore[operator]
        group_of = group_parameters(backbone, matcher, reverse=True)
    except (AttributeError, NotImplementedError, AssertionError, TypeError):
        return [], []  # timm does not know the groups of this model, so it has no blocks that can be named
    names = [name for name, _ in backbone.named_parameters()]
    known = [name for name in names if callable(matcher) or _matches(matcher, name)]
    groups: dict[int, list[str]] = {}
    for name in known:
        groups.setdefault(group_of[name], []).append(name)
    blocks = [groups[number] for number in sorted(groups)[1:]]
    end = max((names.index(name) for block in blocks for name in block), default=0)
    return blocks, [name for name in names[end + 1 :] if name not in known]


def _matches(matcher: Mapping[str, Any], name: str) -> bool:
    """Whether one of timm's patterns matches the name of a parameter; a group has one pattern or several."""
    given = [pattern for pattern in matcher.values() if pattern is not None]
    patterns = [each[0] for some in given for each in (some if isinstance(some, list | tuple) else [(some,)])]
    return any(re.match(pattern, name) for pattern in patterns)
