"""Convolutions that are faster on a CPU than those of torch, or right where those err, with equal results up to rounding."""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.networks.network import Network


class MatmulConv2d(nn.Conv2d):
    """A convolution that is computed as one matrix product if its output has few pixels.

    For outputs of up to 4 x 4, as in the last stage of a ResNet at 64 pixels, the library's convolution takes 1.2 to 5 times as
    long.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) → (N, O, H', W')."""
        height, width = output_size(self, features)
        return as_product(self, features) if 0 < height * width <= 16 else super().forward(features)


class SinglePixelConv2d(nn.Conv2d):
    """A convolution with a stride that is computed as one matrix product if its input is a single pixel.

    In bf16, oneDNN leaves those weights without a gradient that such an input never meets: memory that was never written, which
    may hold NaN.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) → (N, O, H', W')."""
        return as_product(self, features) if features.shape[2:] == (1, 1) else super().forward(features)


def output_size(layer: nn.Conv2d, features: Tensor) -> tuple[int, int]:
    """Height and width of the output of a convolution that is plain, see is_plain."""
    (up, left), (down, right), (above, aside) = layer.stride, layer.kernel_size, map(int, layer.padding)
    return (features.shape[2] + 2 * above - down) // up + 1, (features.shape[3] + 2 * aside - right) // left + 1


def as_product(layer: nn.Conv2d, features: Tensor) -> Tensor:
    """(N, C, H, W) → (N, O, H', W') by a plain convolution, as one matrix product of all patches and the weights."""
    (up, left), (down, right), (above, aside) = layer.stride, layer.kernel_size, map(int, layer.padding)
    height, width = output_size(layer, features)
    padded = F.pad(features.permute(0, 2, 3, 1), (0, 0, aside, aside, above, above))
    patches = [
        padded[:, y : y + up * (height - 1) + 1 : up, x : x + left * (width - 1) + 1 : left]
        for y in range(down)
        for x in range(right)
    ]
    weight = layer.weight.permute(0, 2, 3, 1).flatten(1)  # no copy: the weight is channels-last
    return F.linear(torch.cat(patches, dim=3), weight, layer.bias).permute(0, 3, 1, 2)


class Fp32Conv2d(nn.Module):
    """A convolution that uses fp32 also under autocast: depthwise convolutions have no fast gradient in bf16 on CPUs."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) → (N, O, H', W'), in the number format of its input."""
        if not self.training or not torch.is_autocast_enabled("cpu"):
            return super().forward(features)  # type: ignore[no-any-return]
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float()).to(torch.bfloat16)  # type: ignore[no-any-return]


def optimise_for_device(network: Network) -> None:
    """Make a network train faster on its device, in place. The results stay the same up to rounding."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if network.head.weight.device.type != "cpu":
        return
    for module in network.modules():
        if isinstance(module, nn.ReLU6 | nn.Hardtanh):  # torch 2.13 computes the in-place version elsewhere and copies it back
            module.inplace = False
        if isinstance(module, nn.Conv2d) and module.groups > 1 and not isinstance(module, Fp32Conv2d):
            # Changing the class keeps names and weights; timm has convolutions of several classes.
            module.__class__ = fp32_class(type(module))  # type: ignore[arg-type] # classes of modules are hashable
        elif type(module) is nn.Conv2d and suits_matmul(module):
            module.__class__ = MatmulConv2d
        elif type(module) is nn.Conv2d and is_plain(module) and max(module.stride) > 1:
            module.__class__ = SinglePixelConv2d


def suits_matmul(layer: nn.Conv2d) -> bool:
    """Whether MatmulConv2d can compute this convolution, and has enough channels to be faster."""
    return is_plain(layer) and layer.in_channels * layer.out_channels >= 2**16


def is_plain(layer: nn.Conv2d) -> bool:
    """Whether as_product can compute this convolution: of several pixels, without groups, dilation and odd padding."""
    return (
        layer.kernel_size != (1, 1)
        and layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and layer.padding not in {"same", "valid"}
    )


@cache
def fp32_class(kind: type[nn.Conv2d]) -> type[nn.Conv2d]:
    """The subclass of a class of convolutions that computes in fp32, see Fp32Conv2d."""
    return type(f"Fp32{kind.__name__}", (Fp32Conv2d, kind), {})
