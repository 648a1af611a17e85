"""Which parts of a backbone a protocol trains, and what rests."""

import pytest
import torch
from torch import nn

from benchmark.execution.adaptation import refusal
from benchmark.networks.freezing import resting, trained_parameters, weight_count
from benchmark.networks.network import Network, Trained
from benchmark.networks.parts import biases, last_blocks, norms, train_only
from benchmark.specs.recipe import Recipe
from results.error import CatsError


def backbone_of(name):
    with torch.device("meta"):
        return Network(name, Trained(), 2).backbone


def beginnings(names, depth=2):
    return {".".join(name.split(".")[:depth]) for name in names}


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("test_vit", 1, {"blocks.5", "norm.weight", "norm.bias"}),
        ("test_vit", 2, {"blocks.4", "blocks.5", "norm.weight", "norm.bias"}),
        ("resnet18", 3, {"layer3.1", "layer4.0", "layer4.1"}),
        ("mobilenetv2_100", 1, {"blocks.6", "conv_head.weight", "bn2.weight", "bn2.bias"}),
        ("mobilenetv3_small_050", 1, {"blocks.5", "conv_head.weight", "conv_head.bias"}),
        ("convnext_atto", 2, {"stages.3", "head.norm"}),
        ("swin_tiny_patch4_window7_224", 2, {"layers.3", "norm.weight", "norm.bias"}),
        ("beit_base_patch16_224", 1, {"blocks.11", "fc_norm.weight", "fc_norm.bias"}),
    ],
)
def test_the_last_blocks_are_those_of_timm_with_what_comes_after_them(name, count, expected):
    assert beginnings(last_blocks(backbone_of(name), count)) == expected


@pytest.mark.parametrize(("name", "blocks"), [("test_vit", 6), ("resnet18", 8), ("vit_tiny_patch16_224", 12)])
def test_all_blocks_leave_the_stem(name, blocks):
    backbone = backbone_of(name)
    every = {each for each, _ in backbone.named_parameters()}
    left = every - last_blocks(backbone, blocks)
    stem = {"cls_token", "pos_embed", "patch_embed.proj"} if "vit" in name else {"conv1.weight", "bn1.weight", "bn1.bias"}
    assert beginnings(left) == stem


def test_more_blocks_than_there_are_are_refused():
    with pytest.raises(CatsError, match="blocks is 9, but backbone resnet18 has 8 blocks"):
        last_blocks(backbone_of("resnet18"), 9)


@pytest.mark.parametrize(("depth", "blocks", "refused"), [(3, 3, False), (3, 4, True), (None, 12, False)])
def test_the_blocks_are_counted_with_the_arguments_of_the_weights(depth, blocks, refused):
    given = (("depth", depth),) if depth else ()
    said = refusal("vit_tiny_patch16_224", given, Recipe(protocol="partial", blocks=blocks))
    assert said == ("blocks is 4, but backbone vit_tiny_patch16_224 has 3 blocks" if refused else None)


def test_a_network_whose_blocks_timm_does_not_know_is_refused():
    backbone = backbone_of("test_resnet")
    backbone.group_matcher = None
    with pytest.raises(CatsError, match="timm knows no blocks of backbone test_resnet"):
        last_blocks(backbone, 1)


def test_biases_have_a_closed_form():
    width, blocks = 64, 6  # of test_vit: qkv, projection, two layers of the MLP (64 → 192 → 64) and two norms of each block
    each = 3 * width + width + 3 * width + width + 2 * width
    backbone = backbone_of("test_vit")
    chosen = biases(backbone)
    assert sum(p.numel() for name, p in backbone.named_parameters() if name in chosen) == blocks * each + width + width


def test_biases_with_names_of_their_own_count():
    assert {name.rpartition(".")[2] for name in biases(backbone_of("beit_base_patch16_224"))} == {"bias", "q_bias", "v_bias"}


@pytest.mark.parametrize(
    ("name", "count"),
    [("test_vit", (2 * 6 + 1) * 2 * 64), ("resnet18", 2 * (64 * 5 + 128 * 5 + 256 * 5 + 512 * 5)), ("vgg11_bn", 2 * 2752)],
)
def test_norm_layers_have_a_closed_form(name, count):
    backbone = backbone_of(name)
    chosen = norms(backbone)
    assert sum(p.numel() for each, p in backbone.named_parameters() if each in chosen) == count


@pytest.mark.parametrize("name", ["vgg11", "nf_resnet26", "dm_nfnet_f0"])  # blocks of the last have gains of their own
def test_a_network_without_norm_layers_is_refused(name):
    with pytest.raises(CatsError, match=f"backbone {name} has no norm layer with a scale, and protocol norms trains those"):
        norms(backbone_of(name))


def test_a_network_without_biases_is_refused():
    backbone = backbone_of("test_resnet")
    for layer in backbone.modules():
        if getattr(layer, "bias", None) is not None:
            layer.bias = None
    with pytest.raises(CatsError, match="backbone test_resnet has no bias"):
        biases(backbone)


def partly(names):
    torch.manual_seed(0)
    made = Network("test_resnet", Trained(), 2)
    train_only(made, names(made.backbone))
    return made.train()


def test_frozen_parts_stay_in_evaluation_mode():
    made = partly(lambda backbone: last_blocks(backbone, 1))
    modes = {name: layer.training for name, layer in made.backbone.named_modules() if isinstance(layer, nn.BatchNorm2d)}
    assert {name for name, training in modes.items() if training} == {name for name in modes if name.startswith("layer4.0")}
    assert made.head.training
    made.eval()
    assert not any(layer.training for layer in made.modules())


def test_a_norm_layer_of_which_the_bias_is_trained_is_in_training_mode():
    made = partly(biases)
    assert all(layer.training for layer in made.backbone.modules() if isinstance(layer, nn.BatchNorm2d))
    assert not any(layer.training for layer in made.backbone.modules() if isinstance(layer, nn.Conv2d) and layer.bias is None)


def test_below_the_lowest_trained_layer_there_is_no_graph():
    made = partly(lambda backbone: last_blocks(backbone, 1))
    seen = {}
    for name in ("layer3", "layer4"):
        made.backbone.get_submodule(name).register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out.grad_fn}))
    made(torch.rand(2, 3, 32, 32))
    assert seen["layer3"] is None
    assert seen["layer4"] is not None


def test_the_head_is_always_trained():
    made = partly(lambda backbone: [])
    assert {id(p) for p in trained_parameters(made)} == {id(p) for p in made.head.parameters()}
    assert list(resting(made.backbone)) == [made.backbone]
    assert weight_count(trained_parameters(made)) == made.head.in_features * 2 + 2
