"""bf16 or fp32, and the small changes that make a network fast on a CPU without changing what it computes."""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.network import Network
from benchmark.recipe import Recipe


def precision(network: Network, recipe: Recipe) -> torch.dtype:
    """What `precision: auto` means for this network here: bf16 where that is faster, else fp32.

    On a GPU with bf16: bf16. On a CPU only one gains that multiplies in bf16, by AMX or AVX-512, and only where layers are
    large: from about 64 pixels on, or with a small stem.
    """
    if recipe.precision != "auto":
        return torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    device = network.head.weight.device
    if device.type == "cuda":
        with torch.cuda.device(device):  # the question is about the current one; emulated, bf16 is slower than fp32
            return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    able = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - nothing public tells
    large = recipe.size >= 64 or network.arguments.get("stem") == "small"
    return torch.bfloat16 if device.type == "cpu" and able and large else torch.float32


def autocast(device: torch.device, precise: torch.dtype) -> torch.autocast:
    """bf16 autocast, or nothing for fp32; weights stay fp32 either way.

    On a GPU fp32 then is fp32 in convolutions too, for which torch takes TF32 unless told otherwise. That stays so, because a
    backward pass comes after it.
    """
    if device.type == "cuda" and precise is torch.float32:
        torch.backends.cudnn.allow_tf32 = False
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precise is torch.bfloat16)


def quicken(network: Network) -> None:
    """Make a network train faster where it lies. The results stay the same but for rounding."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if network.head.weight.device.type != "cpu":
        return
    for module in network.modules():
        if isinstance(module, nn.ReLU6 | nn.Hardtanh):  # in place they are computed aside and copied back, by torch 2.13
            module.inplace = False
        if isinstance(module, nn.Conv2d) and module.groups > 1 and not isinstance(module, Wide):
            # A change of class keeps names, weights and copies as they are; timm has convolutions of several classes.
            module.__class__ = wide(type(module))  # type: ignore[arg-type] # classes of modules are hashable
        elif type(module) is nn.Conv2d and deep(module):
            module.__class__ = Deep


def deep(layer: nn.Conv2d) -> bool:
    """Whether a convolution may be computed as Deep does it, and has so many channels that it pays."""
    plain = (
        layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and layer.padding not in {"same", "valid"}
    )
    return plain and layer.kernel_size != (1, 1) and layer.in_channels * layer.out_channels >= 2**16


class Deep(nn.Conv2d):
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


@cache
def wide(kind: type[nn.Conv2d]) -> type[nn.Conv2d]:
    """A class of convolutions, computed as Wide does it."""
    return type(f"Wide{kind.__name__}", (Wide, kind), {})


class Wide(nn.Module):
    """A convolution that is computed in fp32 also under autocast: depthwise ones have no fast gradient in bf16 on CPUs."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) → as the convolution gives it, in the number format of its input."""
        if not self.training or not torch.is_autocast_enabled("cpu"):
            return super().forward(features)  # type: ignore[no-any-return]
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float()).to(torch.bfloat16)  # type: ignore[no-any-return]
