"""The layer that Grad-CAM weighs is found in networks of many kinds, and its cells lie where the image's patches lie."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.models.explanation.layer import Layer, Tap, find_layer, tapped
from benchmark.models.explanation.maps import grad_cam
from benchmark.models.explanation.placement import centres_of
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe
from results.error import CatsError
from tests.support.explained import Pooled, network

GREY = Trained(mean=(0.5,), std=(0.2,), channels="grey")
BGR = Trained(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), channels="bgr")
FOUND = [
    ("test_resnet", 160, "", (5, 5)),
    ("test_resnet", 64, "layer3", (4, 4)),  # 2 x 2 cells before pooling
    ("test_resnet", 28, "layer2", (4, 4)),
    ("test_convnext", 160, "", (5, 5)),
    ("test_efficientnet", 160, "", (5, 5)),
    ("test_vit", 160, "blocks.5.norm1", (10, 10)),
    ("mobilenetv2_035", 128, "", (4, 4)),
    ("mobilenetv2_035", 64, "blocks.4", (4, 4)),
    ("mobilenetv2_035", 28, "blocks.2", (4, 4)),
    ("densenet121", 64, "features.denseblock3", (4, 4)),
]


def made(backbone, trained=None, recipe=None):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        one = Network(backbone, trained or Trained(), 2, recipe or Recipe()).eval()
    optimise_for_device(one)
    return one


@pytest.mark.parametrize(("backbone", "size", "name", "grid"), FOUND)
def test_the_deepest_layer_with_four_cells_a_side_is_taken(backbone, size, name, grid):
    layer = find_layer(made(backbone), size)
    assert (layer.name, layer.grid) == (name, grid)


@pytest.mark.parametrize(
    ("backbone", "trained", "recipe", "grid"),
    [
        ("resnet18", None, Recipe(stem="small"), (4, 4)),
        ("test_resnet", GREY, None, (5, 5)),
        ("test_resnet", BGR, Recipe(trained="head"), (5, 5)),
        ("test_resnet", None, Recipe(hidden=(8,), dropout=0.5), (5, 5)),
    ],
    ids=["small stem", "grey", "bgr and frozen", "dense layers"],
)
def test_variants_of_networks_have_maps(backbone, trained, recipe, grid):
    size = 32 if recipe is not None and recipe.stem == "small" else 160
    one = made(backbone, trained, recipe)
    one.frozen = False  # a kept network is read as one whose layers may have gradients
    layer = find_layer(one, size)
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 1 if trained is GREY else 3), dtype=np.uint8)
    maps = np.stack([grad_cam(one, pixels, np.full(2, each), layer) for each in (0, 1)])
    assert layer.grid == grid
    assert maps.shape == (2, 2, *grid)
    assert maps.any()
    assert "forward_features" not in vars(one.backbone)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_convnext", "test_efficientnet", "test_vit"])
def test_a_change_in_a_place_of_the_image_is_a_change_in_the_cell_of_that_place(backbone):
    one, size = made(backbone), 160
    layer = find_layer(one, size)
    centres = centres_of(one, layer, size)
    for cell in ((1, 3), (3, 0), (2, 2)):
        assert changed_cell(one, layer, [round(centres[place]) for place in cell]) == cell


def changed_cell(one, layer, place):
    (down, across), size = place, 160
    blank, marked = np.full((2, 1, 3, size, size), 0.5, np.float32)
    marked[..., max(0, down - 6) : down + 7, max(0, across - 6) : across + 7] = 1
    found = []
    for image in (blank, marked):
        tap = Tap()
        with torch.no_grad(), tapped(one, layer.name, tap):
            one.features(torch.from_numpy(image))
        found.append(layer.map_of(tap.output)[0])
    change = (found[1] - found[0]).abs().sum(dim=0)
    return divmod(int(change.argmax()), layer.grid[1])


@pytest.mark.parametrize(
    ("backbone", "arguments", "size", "first", "step"),
    [
        ("mobilenetv2_035", {}, 128, 0, 32),  # stride 2 with a padding of 1: cell i lies around pixel 2 i, five times
        ("mobilenetv2_035", {"pad_type": "same"}, 128, 31, 32),  # padded below and right only: around 2 i + 1, five times
        ("mobilenetv2_035", {}, 28, 0, 8),
        ("test_efficientnet", {}, 160, 0, 32),
        ("test_convnext", {}, 160, 15.5, 32),  # patches, and pools of patches
        ("test_vit", {}, 160, 7.5, 16),
    ],
)
def test_cells_lie_where_strides_and_padding_put_them(backbone, arguments, size, first, step):
    one = made(backbone, Trained(arguments=arguments))
    layer = find_layer(one, size)
    centres = centres_of(one, layer, size)
    np.testing.assert_allclose(centres, first + step * np.arange(layer.grid[0]), atol=0.1)


@pytest.mark.parametrize("cell", [(1, 2), (3, 0), (0, 3)])
@pytest.mark.parametrize("prefix", [1, 0])
def test_a_patch_that_alone_differs_gets_the_heat(cell, prefix):
    one = made("test_vit", Trained(arguments={"img_size": 64}))
    one.backbone.pos_embed.data.zero_()  # all places are alike then, so that nothing but the patch tells cells apart
    if not prefix:
        one.backbone.global_pool, one.backbone.pool_include_prefix = "avg", False
    layer = find_layer(one, 64)
    image = np.full((1, 64, 64, 3), 90, np.uint8)
    rows, columns = (slice(16 * place, 16 * place + 16) for place in cell)
    image[0, rows, columns] = np.random.default_rng(1).integers(0, 256, (16, 16, 3))
    tap = Tap()
    with tapped(one, layer.name, tap):
        one(torch.from_numpy(image).permute(0, 3, 1, 2).float() / 255)[0, 0].backward()
    outputs, gradient = layer.map_of(tap.output.detach())[0], layer.map_of(tap.output.grad)[0]
    weights = gradient.mean(dim=(1, 2))
    one.head.weight.data[1] = -one.head.weight.data[0]
    sign = int((weights @ outputs[:, cell[0], cell[1]]) < 0)  # the class for which the patch speaks
    heat = grad_cam(one, image, np.array([sign]), layer)[0]
    others = np.delete(heat.ravel(), cell[0] * 4 + cell[1])
    np.testing.assert_allclose(others, others[0], atol=1e-5)
    assert heat[cell] != pytest.approx(others[0], abs=1e-4)


def test_tokens_and_channels_that_come_last_become_rows_and_columns():
    grid = torch.arange(2 * 3 * 5).float().reshape(1, 2, 3, 5)  # two rows, three columns, five channels
    tokens = torch.cat([torch.full((1, 1, 5), -1.0), grid.reshape(1, 6, 5)], dim=1)
    for layer, output in ((Layer("", (2, 3), last=True), grid), (Layer("", (2, 3), prefix=1), tokens)):
        assert torch.equal(layer.map_of(output), grid.permute(0, 3, 1, 2))


class Flat(Pooled):
    def forward_features(self, inputs):
        return self.conv(inputs).mean(dim=(2, 3))

    def forward_head(self, features):
        return features


class Single(Pooled):
    def forward_features(self, inputs):
        return self.conv(inputs).mean(dim=(2, 3), keepdim=True)


class Nothing(nn.Module):
    num_features = 3

    def forward(self, inputs):
        return inputs.mean(dim=(2, 3))


class Unrolled(Pooled):
    unroll = "tokens in another order"


@pytest.mark.parametrize(
    ("backbone", "sentence"),
    [
        (Flat, "the backbone Flat gives no map of its image, which Grad-CAM needs"),
        (Nothing, "the backbone Nothing gives no map of its image, which Grad-CAM needs"),
        (Unrolled, "the backbone Unrolled gives no map of its image, which Grad-CAM needs"),
        (Single, "the backbone Single gives one vector for an image of 32 pixels, no map"),
    ],
)
def test_a_network_without_a_map_is_refused(backbone, sentence):
    with pytest.raises(CatsError) as refused:
        find_layer(network(backbone), 32)
    assert str(refused.value) == sentence
