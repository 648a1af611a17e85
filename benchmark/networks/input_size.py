"""The sizes of images that a backbone takes, found before anything starts by a pass that computes shapes and no numbers.

A network whose weights were made for images of another size is built for that of the recipe, where timm's model takes
`img_size`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from benchmark.networks.network import Trained, build, feature_count
from benchmark.networks.shapes import NEEDS_NUMBERS, shapes_only
from benchmark.networks.timm_model import own_size, resized_model
from benchmark.specs.recipe import SIZES
from results.error import CatsError

COUNT = 2  # images of a pass
COMMON = (64, 96, 128, 160, 192, 224, 256)  # sizes that are tried where a backbone takes others only
TRIED = 4  # multiples of a patch that are tried below and above a size

Arguments = tuple[tuple[str, Any], ...]


def image_size(backbone: str, size: int, arguments: Mapping[str, Any], stem: str = "backbone") -> int | None:
    """The `img_size` with which a network has to be built for images of `size` pixels; None if its own takes them.

    `arguments`: those that the weights of the network set, see benchmark.specs.arguments. `stem`: that of the recipe.
    """
    given = tuple(sorted(arguments.items()))
    return size if _resized(backbone, size, given, stem) else None


def size_refusal(
    backbone: str, size: int, arguments: Mapping[str, Any], stem: str = "backbone", *, weights: bool = False
) -> str | None:
    """A sentence that says why a backbone cannot take images of `size` pixels; None if it can, or if nobody knows.

    `arguments`, `stem`: as for image_size. `weights`: whether the network begins with weights, whose positions timm must then
    interpolate where they were made for another size.
    """
    return _refusal(backbone, size, tuple(sorted(arguments.items())), stem, weights)


@lru_cache(maxsize=1024)
def _refusal(backbone: str, size: int, arguments: Arguments, stem: str, weights: bool) -> str | None:
    try:
        model = _model(backbone, arguments, stem)
    except CatsError as error:  # the backbone does not take the arguments
        return str(error)
    if model is None or _takes(backbone, size, arguments, stem, weights):
        return None if model is None else _no_vector(backbone, size, arguments, stem)
    own = own_size(model, dict(arguments))
    if own == size or not _passes(backbone, own, arguments, stem):
        return None  # the pass fails for another reason than the size
    patch = _patch(model)
    if patch and size % patch:
        why = f"backbone {backbone} has patches of {patch} pixels, which do not divide {size}"
    elif weights and _takes(backbone, size, arguments, stem, weights=False):
        why = f"the weights of backbone {backbone} were made for images of {own} pixels, and timm interpolates none to {size}"
    else:
        why = f"backbone {backbone} was made for images of {own} pixels and does not take {size}"
    works = _near(backbone, size, arguments, stem, weights)
    return f"{why}; write size: {works}, or choose another backbone, such as a ResNet, which takes every size"


@lru_cache(maxsize=8)
def _model(backbone: str, arguments: Arguments, stem: str) -> nn.Module | None:
    """The model without numbers; None if it cannot be built so. Raises CatsError if it does not take the arguments."""
    try:
        with shapes_only():
            return build(backbone, Trained(arguments=dict(arguments)), stem).eval()
    except NEEDS_NUMBERS:
        return None


@lru_cache(maxsize=1024)
def _output(backbone: str, size: int, arguments: Arguments, stem: str) -> tuple[int, ...] | None:
    """The shape of what the model gives for images of a size; None if it refuses them. A pass takes up to a second."""
    model = _model(backbone, arguments, stem)
    assert model is not None
    try:
        with torch.no_grad():
            found = model(torch.empty(COUNT, 3, size, size, device="meta"))
    except Exception:  # noqa: BLE001 - networks refuse a size in many ways, by assertions too
        return None
    return tuple(found.shape) if isinstance(found, torch.Tensor) else ()


def _passes(backbone: str, size: int, arguments: Arguments, stem: str) -> bool:
    """Whether a forward pass succeeds."""
    return _output(backbone, size, arguments, stem) is not None


@lru_cache(maxsize=1024)
def _resized(backbone: str, size: int, arguments: Arguments, stem: str) -> bool:
    """Whether a network takes images of a size only if it is built for them, or interpolates its positions in every pass."""
    model = _model(backbone, arguments, stem)
    if model is None or own_size(model, dict(arguments)) == size:
        return False
    if _passes(backbone, size, arguments, stem) and not dict(arguments).get("dynamic_img_size"):
        return False
    patch = _patch(model)
    if patch and size % patch:
        return False  # timm would leave out the last rows and columns
    built = _built(backbone, size, arguments, stem)
    return built is not None and _passes(backbone, size, _with_size(arguments, size), stem)


def _built(backbone: str, size: int, arguments: Arguments, stem: str) -> nn.Module | None:
    """The model that is built for a size; None if it takes no `img_size`, or not this one."""
    try:
        return _model(backbone, _with_size(arguments, size), stem)
    except CatsError:
        return None


def _with_size(arguments: Arguments, size: int) -> Arguments:
    return tuple(sorted((dict(arguments) | {"img_size": size}).items()))


def _takes(backbone: str, size: int, arguments: Arguments, stem: str, weights: bool) -> bool:
    """Whether a network takes images of a size as it is, or built for them."""
    if _resized(backbone, size, arguments, stem):
        return not weights or _interpolates(backbone, size, arguments, stem)
    model = _model(backbone, arguments, stem)
    return model is not None and _passes(backbone, size, arguments, stem)


@lru_cache(maxsize=1024)
def _interpolates(backbone: str, size: int, arguments: Arguments, stem: str) -> bool:
    """Whether timm brings weights of this model to another size."""
    model = _model(backbone, arguments, stem)
    assert model is not None
    wanted = dict(_with_size(arguments, size))
    with shapes_only():
        return resized_model(backbone, wanted, 3, model.state_dict()) is not None


def _patch(model: nn.Module) -> int | None:
    """The side of a patch in pixels, of a model that cuts images into patches."""
    sides = getattr(getattr(model, "patch_embed", None), "patch_size", None)
    return int(sides[-1]) if isinstance(sides, tuple | list) else None


def _near(backbone: str, size: int, arguments: Arguments, stem: str, weights: bool) -> str:
    """The nearest sizes that work, below and above, as a sentence names them."""
    model = _model(backbone, arguments, stem)
    assert model is not None
    own, patch = own_size(model, dict(arguments)), _patch(model)
    multiples = [patch * (size // patch + step) for step in range(-TRIED + 1, TRIED + 1)] if patch else []
    tried = sorted({each for each in (*multiples, *COMMON, own) if SIZES[0] <= each <= SIZES[1]} - {size})
    sides = ([each for each in reversed(tried) if each < size], [each for each in tried if each > size])
    found = (next((each for each in side if _takes(backbone, each, arguments, stem, weights)), None) for side in sides)
    return " or ".join(str(each) for each in found if each is not None)


def _no_vector(backbone: str, size: int, arguments: Arguments, stem: str) -> str | None:
    """A sentence if a network gives tokens or a map instead of one vector per image."""
    if _resized(backbone, size, arguments, stem):
        arguments = _with_size(arguments, size)
    model = _model(backbone, arguments, stem)
    shape = None if model is None else _output(backbone, size, arguments, stem)
    if model is None or shape is None or shape == (COUNT, feature_count(model)):
        return None
    if len(shape) == 3:
        return (
            f"backbone {backbone} gives {shape[1]} tokens of {shape[2]} numbers for each image instead of one vector; write "
            "pool: token, pool: avg or pool: both under `weights` of the source's entry"
        )
    found = " x ".join(map(str, shape[1:])) if shape else "no tensor"
    return (
        f"backbone {backbone} gives {found} for each image instead of {feature_count(model)} features; choose another backbone"
    )
