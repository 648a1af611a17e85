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
        (up, left), (down, right) = self.stride, self.kernel_size
        above, aside = (int(side) for side in self.padding)
        height = (features.shape[2] + 2 * above - down) // up + 1
        width = (features.shape[3] + 2 * aside - right) // left + 1
        if not 0 < height * width <= 16:
            return super().forward(features)
        padded = F.pad(features.permute(0, 2, 3, 1), (0, 0, aside, aside, above, above))
        patches = [
            padded[:, y : y + up * (height - 1) + 1 : up, x : x + left * (width - 1) + 1 : left]
            for y in range(down)
            for x in range(right)
        ]
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)  # no copy: the weight is channels-last
        return F.linear(torch.cat(patches, dim=3), weight, self.bias).permute(0, 3, 1, 2)


class SteppedConv2d(nn.Conv2d):
    """A convolution of single pixels that takes every other pixel first, and convolves these without a stride.

    With fewer than 16 channels in the layout channels-last, the gradient of the library's strided convolution writes past its
    memory (https://github.com/uxlfoundation/oneDNN/issues/6035): it is wrong, or the process dies. RepVGG begins with such a
    layer.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) → (N, O, H', W')."""
        down, right = self.stride
        return F.conv2d(features[:, :, ::down, ::right], self.weight, self.bias)


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
        elif type(module) is nn.Conv2d and errs(module):
            module.__class__ = SteppedConv2d


def errs(layer: nn.Conv2d) -> bool:
    """Whether the library's gradient of this convolution can be wrong, see SteppedConv2d."""
    strided = layer.kernel_size == (1, 1) and layer.padding == (0, 0) and max(layer.stride) > 1
    return strided and layer.groups == 1 and layer.in_channels < 16


def suits_matmul(layer: nn.Conv2d) -> bool:
    """Whether MatmulConv2d can compute this convolution, and has enough channels to be faster."""
    plain = (
        layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and layer.padding not in {"same", "valid"}
    )
    return plain and layer.kernel_size != (1, 1) and layer.in_channels * layer.out_channels >= 2**16


@cache
def fp32_class(kind: type[nn.Conv2d]) -> type[nn.Conv2d]:
    """The subclass of a class of convolutions that computes in fp32, see Fp32Conv2d."""
    return type(f"Fp32{kind.__name__}", (Fp32Conv2d, kind), {})
