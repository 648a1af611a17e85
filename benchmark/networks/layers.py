"""What a head may see instead of plain features: those of several layers side by side, or their direction from a centre."""

from typing import Any

import torch
from torch import Tensor, nn

from benchmark.networks.freezing import name_of
from results.error import CatsError


def feature_width(backbone: nn.Module, own: int, count: int) -> int:
    """The number of features of the last `count` layers; `own`: of those that come out of the backbone.

    Raises CatsError if timm gives no features of that many layers.
    """
    return own + sum(widths_below(backbone, count)) if count > 1 else own


def widths_below(backbone: nn.Module, count: int) -> list[int]:
    """The number of channels of each of the last `count` layers but the last one, the lowest first. Raises CatsError."""
    name = name_of(backbone)
    listed: list[dict[str, Any]] = list(getattr(backbone, "feature_info", None) or ())
    if not listed or not hasattr(backbone, "forward_intermediates"):
        raise CatsError(last_layer_only(name, count))
    if count > len(listed):
        raise CatsError(f"layers is {count}, but timm gives the features of {len(listed)} layers of backbone {name}")
    return [int(each["num_chs"]) for each in listed[-count:-1]]


def last_layer_only(name: str, count: int) -> str:
    """The sentence that a backbone has no features of `count` layers."""
    return f"layers is {count}, but timm gives the features of the last layer only of backbone {name}; write layers: 1"


def layered_features(backbone: nn.Module, images: Tensor, count: int) -> Tensor:
    """(N, C, H, W), normalised, → (N, D): the means over the image of the layers below the last one, then the own features.

    The layers are the stages of a convolutional network and the blocks of a transformer, whose last norm layer is applied to
    each of them. The own features are those of `backbone(images)`, however it pools them.
    """
    final, layers = backbone.forward_intermediates(images, indices=count, norm=True)  # type: ignore[operator]
    own = backbone.forward_head(final, pre_logits=True)  # type: ignore[operator]
    return torch.cat([*(layer.mean(dim=(2, 3)) for layer in layers[:-1]), own], dim=1)


class Direction(nn.Module):
    """Features become their direction from a centre: (x - centre) / |x - centre|, of length one, or zero at the centre."""

    centre: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(width))

    def forward(self, features: Tensor) -> Tensor:
        """(N, D) → (N, D)."""
        away = features - self.centre
        length = away.norm(dim=1, keepdim=True)
        return away / torch.where(length > 0, length, torch.ones_like(length))
