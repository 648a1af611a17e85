"""Where a network has a map of its image: the layer whose output Grad-CAM weighs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor, nn

from benchmark.networks.network import Network
from results.error import CatsError

LEAST = 4  # cells along a side; a coarser map says hardly more than "somewhere"


@dataclass(frozen=True)
class Layer:
    """A layer with one vector per cell of a grid.

    Attributes:
        name: of timm's module; empty for the output of the backbone before it is pooled.
        grid: rows and columns.
        prefix: tokens before those of the grid (class token, registers); None if the output is no row of tokens.
        last: whether the channels are the last dimension.
    """

    name: str
    grid: tuple[int, int]
    prefix: int | None = None
    last: bool = False

    @property
    def title(self) -> str:
        """The layer in words."""
        return f"{self.name or 'the output before pooling'} ({self.grid[0]} × {self.grid[1]} cells)"

    def map_of(self, output: Tensor) -> Tensor:
        """The output of the layer as (N, C, rows, columns)."""
        if self.prefix is not None:
            return output[:, self.prefix :].transpose(1, 2).reshape(len(output), -1, *self.grid)
        return output.permute(0, 3, 1, 2) if self.last else output


@dataclass
class Tap:
    """What a layer gave in the last pass: a leaf of the graph, so that gradients end there."""

    output: Tensor | None = None

    def __call__(self, output: Tensor) -> Tensor:
        """Keep the output; returns a copy of it, which later layers may change in place."""
        self.output = output.detach().requires_grad_(torch.is_grad_enabled())
        return self.output.clone()


@contextmanager
def tapped(network: Network, name: str, tap: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Inside the block the output of the named layer goes through `tap`."""
    if name:
        hook = network.backbone.get_submodule(name).register_forward_hook(lambda _module, _inputs, output: tap(output))
        try:
            yield
        finally:
            hook.remove()
        return
    backbone = network.backbone
    original = backbone.forward_features
    backbone.forward_features = lambda *inputs, **options: tap(original(*inputs, **options))  # type: ignore[assignment, operator]
    try:
        yield
    finally:
        del backbone.forward_features


def find_layer(network: Network, size: int) -> Layer:
    """The deepest layer whose map has at least LEAST cells along each side; the finest map if none has.

    Convolutional networks: the output before pooling, or the output of an earlier stage where small images leave fewer cells.
    Transformers: the first norm of the last block, because behind that block the class token alone may reach the head. Raises
    CatsError for a network without such a layer.
    """
    found = _described(network, "", size)
    if found is None or found.prefix is not None:
        block = _last_block(network.backbone)
        found = (_described(network, block, size) if block else None) or found
    if found is None and network.layers > 1:  # such features do not pass through the method that is tapped without a name
        found = next(filter(None, (_described(network, name, size) for name in _stages(network.backbone))), None)
    if found is None or hasattr(network.backbone, "unroll"):  # Hiera's tokens are in another order than the cells
        raise CatsError(f"the backbone {type(network.backbone).__name__} gives no map of its image, which Grad-CAM needs")
    for name in _stages(network.backbone):
        if min(found.grid) >= LEAST:
            break
        stage = _described(network, name, size)
        found = stage if stage is not None and min(stage.grid) > min(found.grid) else found
    if min(found.grid) == 1:
        raise CatsError(
            f"the backbone {type(network.backbone).__name__} gives one vector for an image of {size} pixels, no map"
        )
    return found


def _stages(backbone: nn.Module) -> list[str]:
    """The names of the stages that timm lists, the deepest first."""
    listed = getattr(backbone, "feature_info", None) or ()
    return [each["module"] for each in reversed(list(listed)) if each.get("module")]


def _last_block(backbone: nn.Module) -> str:
    """The name of the first norm of the last transformer block; empty if there is none."""
    blocks = getattr(backbone, "blocks", None)
    known = isinstance(blocks, nn.Sequential | nn.ModuleList) and len(blocks) and hasattr(blocks[-1], "norm1")
    return f"blocks.{len(blocks) - 1}.norm1" if known else ""  # type: ignore[arg-type]


def _described(network: Network, name: str, size: int) -> Layer | None:
    """The layer as it is for square images of `size` pixels; None if its output is no map."""
    tap = Tap()
    try:
        with torch.no_grad(), tapped(network, name, tap):
            network.features(torch.zeros(1, 3, size, size, device=network.head.weight.device))
    except AttributeError:  # no such module, no forward_features, or an output that is no tensor
        return None
    shape = () if tap.output is None else tuple(tap.output.shape)
    if len(shape) == 4:
        width = getattr(network.backbone, "num_features", None)
        last = getattr(network.backbone, "output_fmt", "") == "NHWC" or shape[3] == width != shape[1]
        return Layer(name, (shape[1], shape[2]) if last else (shape[2], shape[3]), last=last)
    return _tokens(network.backbone, name, size, shape[1]) if len(shape) == 3 else None


def _tokens(backbone: nn.Module, name: str, size: int, count: int) -> Layer | None:
    """A layer of `count` tokens; None if the number fits no grid."""
    prefixes = [0, int(getattr(backbone, "num_prefix_tokens", 0) or 0)]
    embed = getattr(backbone, "patch_embed", None)
    if hasattr(embed, "dynamic_feat_size"):
        rows, columns = embed.dynamic_feat_size((size, size))  # type: ignore[union-attr]
        fitting = [Layer(name, (rows, columns), prefix) for prefix in prefixes if count - prefix == rows * columns]
    else:
        sides = {prefix: isqrt(max(count - prefix, 0)) for prefix in prefixes}
        fitting = [Layer(name, (side, side), prefix) for prefix, side in sides.items() if side and side**2 == count - prefix]
    return fitting[0] if fitting else None
