"""Derivatives along a direction of the weights, of networks with attention too."""

import pytest
import torch

from benchmark.measures import gradients as tested
from benchmark.measures.gradients import filters, for_evaluation, slope, squared_gradients
from benchmark.networks.network import Network, Trained


@pytest.mark.parametrize(("backbone", "arguments"), [("test_vit", {"img_size": 32}), ("test_resnet", {})])
def test_forward_differentiation_agrees_with_backward_differentiation(backbone, arguments):
    torch.manual_seed(0)
    network = for_evaluation(Network(backbone, Trained(arguments=arguments), 2))
    images, weights = torch.rand(2, 3, 32, 32), list(network.backbone.parameters())
    direction = [torch.randn_like(weight) for weight in weights]
    found = slope(network, direction, images, lambda features: features.sin().sum(dim=1))
    network.backbone.requires_grad_()
    for image, one in zip(images, found, strict=True):
        value = network.features(image[None]).sin().sum()
        gradients = torch.autograd.grad(value, weights, allow_unused=True, materialize_grads=True)
        backward = sum((gradient * moved).sum() for gradient, moved in zip(gradients, direction, strict=True))
        torch.testing.assert_close(one, backward, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("backbone", "arguments"), [("test_vit", {}), ("swin_tiny_patch4_window7_224", {"embed_dim": 24}), ("test_resnet", {})]
)
def test_the_gradient_of_an_image_adds_those_of_its_windows(backbone, arguments):
    torch.manual_seed(0)
    size = {} if backbone == "test_resnet" else {"img_size": 64}
    network = for_evaluation(Network(backbone, Trained(arguments=arguments | size), 2))
    images = torch.rand(3, 3, 64, 64)
    found = squared_gradients(network, images, lambda features, _: features.sin().sum(dim=1))
    network.backbone.requires_grad_()
    weights = [layer.weight for layer in filters(network)]
    for image, one in zip(images, found, strict=True):
        gradients = torch.autograd.grad(network.features(image[None]).sin().sum(), weights)
        expected = torch.cat([gradient.flatten(1).square().mean(dim=1) for gradient in gradients])
        torch.testing.assert_close(torch.from_numpy(one).float(), expected, rtol=1e-3, atol=1e-6)


def test_the_gradients_of_one_batch_take_bounded_memory(monkeypatch):
    """VGG's have 130 million numbers for each image."""
    network = for_evaluation(Network("test_resnet", Trained(), 2))
    images = torch.rand(40, 3, 16, 16)
    weights = sum(weight.numel() for weight in network.backbone.parameters())
    for numbers, at_once in ((weights - 1, 1), (3 * weights, 3), (10**12, tested.BATCH)):
        monkeypatch.setattr(tested, "GRADIENTS", numbers)
        assert tested._at_once(network, images) == at_once
