"""CPU convolution variants (Deep -> MatmulConv2d, Wide -> Fp32Conv2d)."""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.networks.network import Network


class MatmulConv2d(nn.Conv2d):
    """A convolution that is one matrix product where it gives few pixels.

    With up to 4 x 4 of them, as in the last stage of a ResNet at 64 pixels, the library's own takes 1.2 to 5 times as long.
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
        seen = [
            padded[:, y : y + up * (height - 1) + 1 : up, x : x + left * (width - 1) + 1 : left]
            for y in range(down)
            for x in range(right)
        ]
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)  # no copy: it lies channels-last
        return F.linear(torch.cat(seen, dim=3), weight, self.bias).permute(0, 3, 1, 2)


class Fp32Conv2d(nn.Module):
    """A convolution that is computed in fp32 also under autocast: depthwise ones have no fast gradient in bf16 on CPUs."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) → as the convolution gives it, in the number format of its input."""
        if not self.training or not torch.is_autocast_enabled("cpu"):
            return super().forward(features)  # type: ignore[no-any-return]
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float()).to(torch.bfloat16)  # type: ignore[no-any-return]


def optimise_for_device(network: Network) -> None:
    """Make a network train faster where it lies. The results stay the same but for rounding."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if network.head.weight.device.type != "cpu":
        return
    for module in network.modules():
        if isinstance(module, nn.ReLU6 | nn.Hardtanh):  # in place they are computed aside and copied back, by torch 2.13
            module.inplace = False
        if isinstance(module, nn.Conv2d) and module.groups > 1 and not isinstance(module, Fp32Conv2d):
            # A change of class keeps names, weights and copies as they are; timm has convolutions of several classes.
            module.__class__ = fp32_class(type(module))  # type: ignore[arg-type] # classes of modules are hashable
        elif type(module) is nn.Conv2d and suits_matmul(module):
            module.__class__ = MatmulConv2d


def suits_matmul(layer: nn.Conv2d) -> bool:
    """Whether a convolution may be computed as MatmulConv2d does it, and has so many channels that it pays."""
    plain = (
        layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and layer.padding not in {"same", "valid"}
    )
    return plain and layer.kernel_size != (1, 1) and layer.in_channels * layer.out_channels >= 2**16


@cache
def fp32_class(kind: type[nn.Conv2d]) -> type[nn.Conv2d]:
    """A class of convolutions, computed as Fp32Conv2d does it."""
    return type(f"Fp32{kind.__name__}", (Fp32Conv2d, kind), {})
