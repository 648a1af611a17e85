"""Strided convolutions of single pixels, of which a library that torch uses on CPUs computes wrong gradients."""

from torch import Tensor, nn
from torch.nn import functional as F


class SteppedConv2d(nn.Conv2d):
    """A convolution of single pixels that takes the pixels of its stride first, and convolves these without a stride.

    With fewer than 16 channels and the layout channels-last, oneDNN's gradient of the strided convolution in fp32 writes past
    its memory (https://github.com/uxlfoundation/oneDNN/issues/6035): it is wrong, or the process dies. RepVGG and MobileOne
    begin with such a layer.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) → (N, O, H', W')."""
        down, right = self.stride
        return F.conv2d(features[:, :, ::down, ::right], self.weight, self.bias)


def step_first(model: nn.Module) -> None:
    """Let all convolutions of a model whose gradient can be wrong take the pixels of their stride first, in place."""
    for layer in model.modules():
        if type(layer) is nn.Conv2d and _errs(layer):
            layer.__class__ = SteppedConv2d  # keeps name and weights


def _errs(layer: nn.Conv2d) -> bool:
    strided = layer.kernel_size == (1, 1) and layer.padding == (0, 0) and max(layer.stride) > 1
    return strided and layer.groups == 1 and layer.in_channels < 16
