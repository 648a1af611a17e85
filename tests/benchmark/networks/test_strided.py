"""Strided convolutions of single pixels have right gradients in the layout channels-last."""

import copy

import pytest
import torch
from torch import nn

from benchmark.networks.network import Trained, build
from benchmark.networks.strided import SteppedConv2d, step_first


def test_the_gradient_of_a_strided_convolution_of_few_channels_is_right():
    """The library's own is wrong for one image, and ends the process for more."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 48, 1, stride=2, bias=False))
    right = copy.deepcopy(made).double()
    step_first(made)
    given, weights = torch.randn(1, 3, 224, 224), torch.randn(1, 48, 112, 112)
    (made(given.to(memory_format=torch.channels_last)) * weights).sum().backward()
    (right(given.double()) * weights).sum().backward()
    torch.testing.assert_close(made[0].weight.grad, right[0].weight.grad.float(), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("stride", [2, (1, 3)])
@pytest.mark.parametrize("bias", [False, True])
def test_a_stepped_convolution_is_that_of_the_library(stride, bias):
    plain, given = nn.Conv2d(3, 5, 1, stride=stride, bias=bias), torch.rand(2, 3, 7, 8)
    stepped = copy.deepcopy(plain)
    stepped.__class__ = SteppedConv2d
    torch.testing.assert_close(stepped(given), plain(given))


@pytest.mark.parametrize(("name", "count"), [("repvgg_a0", 1), ("mobileone_s0", 1), ("test_resnet", 0)])
def test_every_backbone_is_built_with_them(name, count):
    with torch.device("meta"):
        made = build(name, Trained())
    assert sum(type(layer) is SteppedConv2d for layer in made.modules()) == count
