"""Maps are what formulas give where a formula is known, add up, and turn with the image."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.models.explanation.layer import Layer, find_layer
from benchmark.models.explanation.maps import GAP, MOST, SMALL, enlarged, grad_cam, integrated_gradients
from benchmark.networks.network import Trained
from benchmark.specs.recipe import Recipe
from benchmark.training.device_images import as_float
from results.error import CatsError
from tests.support.explained import Mirrored, Pooled, network
from tests.support.kept_models import network as kept_network

RNG = np.random.default_rng(7)
IMAGES = RNG.integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)
CLASSES = np.array([2, 0, 1, 2])
OUTPUT = Layer("", (12, 12))


def tensor(images):
    return as_float(torch.from_numpy(images).permute(0, 3, 1, 2))


def test_grad_cam_of_a_linear_network_on_pooled_features_is_the_weighted_sum_of_channels():
    one = network(Pooled)
    with torch.no_grad():
        channels = one.backbone.forward_features((tensor(IMAGES) - one.mean) / one.std)
    # The logit is w · mean(A), so that its gradient is w / cells everywhere (CAM, Zhou et al. 2016).
    expected = torch.einsum("nk,nkij->nij", one.head.weight[CLASSES] / 144, channels).clamp(min=0)
    np.testing.assert_allclose(grad_cam(one, IMAGES, CLASSES, OUTPUT), expected.detach().numpy(), atol=1e-6)


def test_integrated_gradients_of_a_linear_network_are_weight_times_difference():
    one = network(Pooled)
    found, gaps = integrated_gradients(one, IMAGES, CLASSES)
    weights = one.head.weight[CLASSES] @ one.backbone.conv.weight[:, :, 0, 0] / 144  # of each channel of each pixel
    changes = (tensor(IMAGES) - one.mean) / one.std
    expected = torch.einsum("nc,ncij->nij", weights, changes)
    np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-6)
    assert gaps.max() < 1e-4


def test_integrated_gradients_of_a_square_are_its_change():
    class Square(nn.Module):
        def forward(self, inputs):
            return inputs**2

    one = network(lambda: Pooled(3, Square()))
    found, _ = integrated_gradients(one, IMAGES, CLASSES)
    with torch.no_grad():
        ends = [
            one.backbone.forward_features((at - one.mean) / one.std) for at in (tensor(IMAGES), one.mean.expand(1, 3, 12, 12))
        ]
        expected = torch.einsum("nk,nkij->nij", one.head.weight[CLASSES], ends[0] - ends[1]) / 144
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)  # the trapezoid rule is exact for a linear gradient


NETWORKS = {
    "plain": (Recipe(size=32), "test_resnet", None),
    "dense layers": (Recipe(size=32, hidden=(8,), dropout=0.5), "test_resnet", None),
    "bgr": (Recipe(size=32), "test_resnet", Trained(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), channels="bgr")),
    "grey": (Recipe(size=32), "test_resnet", Trained(mean=(0.5,), std=(0.25,), channels="grey")),
    "transformer": (Recipe(size=32), "test_vit", Trained(arguments={"img_size": 32})),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_attributions_add_up_to_the_change_of_the_logit(kind):
    recipe, backbone, trained = NETWORKS[kind]
    one = kept_network(recipe, 3, backbone, trained=trained)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 1 if kind == "grey" else 3), dtype=np.uint8)
    chosen = np.array([0, 2])
    found, gaps = integrated_gradients(one, pixels, chosen)
    with torch.no_grad():
        start = one.mean.expand(2, 3, 32, 32)
        change = (one(tensor(pixels)) - one(start)).numpy()[np.arange(2), chosen]
    off = np.abs(found.sum(axis=(1, 2)) - change) / np.maximum(np.abs(change), SMALL)
    np.testing.assert_allclose(gaps, off, atol=1e-3)
    assert (off <= GAP + 1e-3).all()


def test_steps_are_added_until_the_attributions_add_up_or_no_more_are_allowed():
    class Step(nn.Module):
        def forward(self, inputs):
            return torch.sigmoid(400 * (inputs - 0.3))  # steep: few steps miss it

    one = network(lambda: Pooled(3, Step()))
    (_, few), (_, many) = (integrated_gradients(one, IMAGES, CLASSES, most) for most in (16, MOST))
    assert many.max() < few.max()


@pytest.mark.parametrize("method", ["cam", "integrated"])
def test_maps_of_a_network_that_sees_left_and_right_alike_turn_with_the_image(method):
    one = network(Mirrored)
    mirrored = IMAGES[:, :, ::-1].copy()
    if method == "cam":
        maps = [grad_cam(one, some, CLASSES, find_layer(one, 12)) for some in (IMAGES, mirrored)]
    else:
        maps = [integrated_gradients(one, some, CLASSES)[0] for some in (IMAGES, mirrored)]
    np.testing.assert_allclose(maps[1], maps[0][:, :, ::-1], atol=1e-5)
    assert np.abs(maps[1] - maps[0]).max() > 1e-3


def test_maps_do_not_depend_on_the_images_beside():
    one = kept_network()
    pixels = np.random.default_rng(2).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    layer = find_layer(one, 32)
    together = grad_cam(one, pixels, np.zeros(40, int), layer)
    np.testing.assert_allclose(together[35:], grad_cam(one, pixels[35:], np.zeros(5, int), layer), atol=1e-5)


@pytest.mark.parametrize("first", [0.0, 3.5, 7.0])
def test_enlarged_maps_have_their_cells_where_the_cells_lie(first):
    centres = first + 8 * np.arange(4)
    maps = np.random.default_rng(3).random((2, 4, 4)).astype(np.float32)
    large = enlarged(maps, 32, centres)
    if first == 3.5:  # an even division, as torch enlarges
        torch_way = nn.functional.interpolate(torch.from_numpy(maps)[:, None], (32, 32), mode="bilinear", align_corners=False)
        np.testing.assert_allclose(large, torch_way[:, 0].numpy(), atol=1e-6)
    else:
        places = centres.astype(int)
        np.testing.assert_allclose(large[:, places[:, None], places], maps, atol=1e-6)
    np.testing.assert_allclose(enlarged(np.full((1, 4, 4), 3, np.float32), 30, centres), 3, atol=1e-5)
    assert enlarged(maps[:0], 8, centres).shape == (0, 8, 8)


def test_no_image_gives_no_map():
    one = network(Pooled)
    assert grad_cam(one, IMAGES[:0], CLASSES[:0], OUTPUT).shape == (0, 12, 12)
    assert integrated_gradients(one, IMAGES[:0], CLASSES[:0])[0].shape == (0, 12, 12)


def test_a_map_that_no_gradient_reaches_is_refused():
    class Cut(Pooled):
        def forward_head(self, features):
            return features.mean(dim=(2, 3)) * 0

    with pytest.raises(CatsError, match=r"no gradient of the logits reaches the output before pooling \(12 × 12 cells\)"):
        grad_cam(network(Cut), IMAGES, CLASSES, OUTPUT)
