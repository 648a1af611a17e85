"""Whether a backbone takes images of a size. Asked before anything starts, by a pass that computes shapes and no numbers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from benchmark.networks.network import Trained, build

COUNT = 2  # images of a pass
COMMON = (64, 96, 128, 160, 192, 224, 256)  # sizes that are tried for a network that needs larger images, but not of one size


def size_refusal(backbone: str, size: int, arguments: Mapping[str, Any], stem: str = "backbone") -> str | None:
    """A sentence that says why a backbone cannot take images of `size` pixels; None if it can, or if nobody knows.

    `arguments`: those that the weights of the network set, see benchmark.networks.network. `stem`: that of the recipe.
    """
    return _refusal(backbone, size, tuple(sorted(arguments.items())), stem)


@lru_cache(maxsize=1024)
def _refusal(backbone: str, size: int, arguments: tuple[tuple[str, Any], ...], stem: str) -> str | None:
    try:
        with torch.device("meta"):
            model = build(backbone, Trained(arguments=dict(arguments)), stem).eval()
    except (RuntimeError, NotImplementedError, ValueError, TypeError):
        return None  # this network cannot be built without numbers
    if _passes(model, size):
        return None
    config: Mapping[str, Any] = model.pretrained_cfg  # type: ignore[assignment]
    own = int(dict(arguments).get("img_size") or config["input_size"][-1])
    if own == size or not _passes(model, own):
        return None  # the pass fails for another reason than the size
    works = own if config.get("fixed_input_size") else next((s for s in COMMON if s > size and _passes(model, s)), own)
    return (
        f"backbone {backbone} was made for images of {own} pixels and does not take {size}; "
        f"write size: {works}, or choose another backbone, such as a ResNet, which takes every size"
    )


def _passes(model: nn.Module, size: int) -> bool:
    """Whether a forward pass succeeds."""
    try:
        with torch.no_grad():
            model(torch.empty(COUNT, 3, size, size, device="meta"))
    except Exception:  # noqa: BLE001 - networks refuse a size in many ways, by assertions too
        return False
    return True
