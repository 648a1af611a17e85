"""Features of several layers side by side, and directions from a centre."""

import pytest
import torch

from benchmark.networks.layers import Direction, feature_width
from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe
from results.error import CatsError


def network(backbone, layers):
    torch.manual_seed(0)
    return Network(backbone, Trained(), 2, Recipe(protocol="probe", layers=layers)).eval()


@pytest.mark.parametrize(
    ("backbone", "side", "layers"), [("test_vit", 160, 2), ("test_resnet", 64, 3), ("test_convnext", 64, 2)]
)
def test_the_features_of_lower_layers_stand_before_the_own_ones(backbone, side, layers):
    several, plain = network(backbone, layers), network(backbone, 1)
    images = torch.rand(2, 3, side, side)
    with torch.inference_mode():
        features = several.features(images)
        assert torch.equal(features[:, -plain.feature_count :], plain.features(images))
    assert features.shape == (2, several.feature_count)
    assert several.head.in_features == several.feature_count > plain.feature_count


def test_those_of_a_stage_are_the_means_of_its_map():
    made, seen = network("test_resnet", 2), []
    made.backbone.layer3.register_forward_hook(lambda _m, _i, out: seen.append(out))
    images = torch.rand(3, 3, 64, 64)
    with torch.inference_mode():
        features = made.features(images)
    assert torch.equal(features[:, : seen[0].shape[1]], seen[0].mean(dim=(2, 3)))


def test_those_of_a_block_are_the_means_of_its_normalised_patches():
    made, seen = network("test_vit", 2), []
    made.backbone.blocks[-2].register_forward_hook(lambda _m, _i, out: seen.append(out))
    with torch.inference_mode():
        features = made.features(torch.rand(2, 3, 160, 160))
        expected = made.backbone.norm(seen[0])[:, 1:].mean(dim=1)
    torch.testing.assert_close(features[:, :64], expected)


def test_more_layers_than_there_are_are_refused():
    with pytest.raises(CatsError, match="layers is 6, but timm gives the features of 5 layers of backbone test_resnet"):
        network("test_resnet", 6)


def test_a_network_without_features_of_lower_layers_is_refused():
    backbone = network("test_resnet", 1).backbone
    backbone.feature_info = []
    sentence = "layers is 2, but timm gives the features of the last layer only of backbone test_resnet; write layers: 1"
    with pytest.raises(CatsError, match=sentence):
        feature_width(backbone, 256, 2)


def test_a_direction_has_length_one_and_the_centre_none():
    made = Direction(2)
    made.centre.copy_(torch.tensor([1.0, 2.0]))
    given = torch.tensor([[4.0, 6.0], [1.0, 2.0], [1.0, -5.0]])
    torch.testing.assert_close(made(given), torch.tensor([[0.6, 0.8], [0.0, 0.0], [0.0, -1.0]]))
