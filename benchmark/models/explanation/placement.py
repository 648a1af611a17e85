"""Where in the image the cells of a convolutional layer lie.

A convolution of stride 2 with the usual padding of 1 puts cell i around pixel 2 i, not into the middle of its half: after five
of them the cells lie half a cell, 16 pixels, farther up and left than in an even division of the image. Patches (ConvNeXt) and
pooling without overlap (VGG) divide evenly. A map that is enlarged regardless of this shows things where they are not.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.models.explanation.layer import Layer, tapped
from benchmark.networks.network import Network

CELL, CELLS = 5, 11  # the middle cell of an image of so many cells a side: far from the borders
SMALL = 1e-6


def centres_of(network: Network, layer: Layer, size: int) -> np.ndarray:
    """The places of the rows of cells of square images of `size` pixels, in pixels from the middle of the first, (rows,).

    Columns lie alike, as kernels and padding are square. Measured where the layer is one of a convolutional network that takes
    larger images: the middle of what reaches one cell in a copy of the network whose kernels all take means. Else the image is
    divided evenly among the cells.
    """
    rows = layer.grid[0]
    even = (np.arange(rows) + 0.5) * size / rows - 0.5
    if layer.prefix is not None or layer.last:
        return even
    step = 2 ** round(np.log2(size / rows))
    try:
        alike = _averaging(network)
        middles = [_middle(alike, layer, step, cell) for cell in (CELL, CELL + 1)]
    except (RuntimeError, ValueError, AssertionError, TypeError):  # this network takes images of one size only
        return even
    if not np.isfinite(middles).all() or abs(middles[1] - middles[0] - step) > step / 4:
        return even
    return np.asarray(middles[0] + (np.arange(rows) - CELL) * step)


def _averaging(network: Network) -> Network:
    """A copy whose convolutions and pools take means, and whose norms change nothing."""
    alike = copy.deepcopy(network).eval()
    for name, module in list(alike.backbone.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            mean = nn.AvgPool2d(module.kernel_size, module.stride, module.padding, module.ceil_mode, count_include_pad=False)
            alike.backbone.set_submodule(name, mean)
        elif isinstance(module, nn.LayerNorm | nn.GroupNorm):  # norms of equal channels have no gradient
            alike.backbone.set_submodule(name, nn.Identity())
    for module in alike.backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the class of all batch norms
            module.reset_running_stats()
            if module.affine:
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
    return alike


def _middle(network: Network, layer: Layer, step: int, cell: int) -> float:
    """The middle, along rows and columns, of the pixels that reach a cell on the diagonal."""
    side = step * CELLS
    device = network.head.weight.device
    # So small that no activation reaches its limit, such as the 6 of ReLU6.
    pixels = (network.mean + SMALL * network.std).expand(1, 3, side, side).clone().to(device).requires_grad_()
    kept: list[Tensor] = []

    def keep(output: Tensor) -> Tensor:
        kept.append(output)
        return output

    with torch.enable_grad(), tapped(network, layer.name, keep):
        network.features(pixels)
    (gradient,) = torch.autograd.grad(layer.map_of(kept[0])[0, :, cell, cell].sum(), pixels)
    weight = gradient[0].abs().sum(dim=0).double().cpu().numpy()
    if not weight.sum() > 0:
        return float("nan")
    places = np.arange(side)
    return float((weight.sum(axis=0) + weight.sum(axis=1)) @ places / (2 * weight.sum()))
