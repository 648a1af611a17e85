"""LoRA: how many weights are trained, of which layers, of which rank the update is, and that merging changes no output."""

import pytest
import torch
from torch import nn

from benchmark.networks.copying import copy_of
from benchmark.networks.freezing import trained_parameters, weight_count
from benchmark.networks.low_rank import adapt, chosen_layers, merge
from benchmark.networks.network import Network, Trained
from benchmark.networks.parts import train_only
from results.error import CatsError


def updated(backbone="test_vit", adapted="auto", rank=3, alpha=6.0, shaken=True):
    """(network before, network with updates that are not zero)."""
    torch.manual_seed(0)
    plain = Network(backbone, Trained(), 2).eval()
    made = copy_of(plain)
    train_only(made, adapt(made.backbone, adapted, rank, alpha, 0))
    if shaken:
        for name, parameter in made.backbone.named_parameters():
            if name.endswith(".up"):
                nn.init.normal_(parameter.data, std=0.1)
    return plain, made.eval()


def images(backbone):
    side = 160 if "vit" in backbone else 64
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_the_trained_weights_of_a_transformer_have_a_closed_form():
    _, made = updated(rank=3, adapted="attention")
    width, blocks = 64, 6  # of test_vit: qkv is 64 → 192, the projection 64 → 64
    expected = blocks * 3 * ((width + 3 * width) + (width + width)) + (2 * width + 2)
    assert weight_count(trained_parameters(made)) == expected


def test_the_trained_weights_of_a_resnet_have_a_closed_form():
    _, made = updated("resnet18", rank=2)
    convolutions = [(3, 64, 7), *[(64, 64, 3)] * 4]
    for before, width in ((64, 128), (128, 256), (256, 512)):
        convolutions += [(before, width, 3), *[(width, width, 3)] * 3, (before, width, 1)]
    assert len(convolutions) == 20
    assert weight_count(trained_parameters(made)) == sum(2 * (n * k * k + m) for n, m, k in convolutions) + 2 * 512 + 2


@pytest.mark.parametrize(
    ("backbone", "adapted", "count", "some"),
    [
        ("test_vit", "auto", 12, "blocks.5.attn.proj"),
        ("test_vit", "linear", 24, "blocks.0.mlp.fc1"),
        ("test_vit", "all", 25, "patch_embed.proj"),
        ("test_resnet", "auto", 15, "layer1.0.conv1"),
        ("swin_tiny_patch4_window7_224", "attention", 24, "layers.3.blocks.1.attn.qkv"),
        ("coatnet_nano_rw_224", "auto", 18, "stages.2.blocks.0.attn.qkv"),
        ("convnext_atto", "auto", 28, "stages.3.blocks.1.mlp.fc2"),
        ("cait_xxs24_224", "auto", 56, "blocks_token_only.1.attn.q"),
    ],
)
def test_which_layers_are_adapted(backbone, adapted, count, some):
    with torch.device("meta"):
        names = chosen_layers(Network(backbone, Trained(), 2).backbone, adapted)
    assert len(names) == count
    assert some in names


def test_grouped_convolutions_are_left_alone():
    with torch.device("meta"):
        backbone = Network("test_efficientnet", Trained(), 2).backbone
    chosen = {backbone.get_submodule(name) for name in chosen_layers(backbone, "all")}
    grouped = {layer for layer in backbone.modules() if isinstance(layer, nn.Conv2d) and layer.groups > 1}
    assert grouped
    assert not grouped & chosen


@pytest.mark.parametrize(("adapted", "what"), [("attention", "attention"), ("linear", "linear layers")])
def test_a_network_without_such_layers_is_refused(adapted, what):
    sentence = f"adapted is {adapted}, but backbone test_resnet has no {what}; write adapted: auto"
    with pytest.raises(CatsError, match=sentence):
        updated("test_resnet", adapted)


@pytest.mark.parametrize("backbone", ["test_vit", "test_resnet"])
def test_an_update_changes_nothing_at_first(backbone):
    plain, made = updated(backbone, shaken=False)
    given = images(backbone)
    with torch.inference_mode():
        assert torch.equal(plain(given), made(given))


@pytest.mark.parametrize("backbone", ["test_vit", "test_resnet", "test_convnext"])
def test_a_merged_network_is_an_ordinary_one_of_the_same_outputs(backbone):
    plain, made = updated(backbone, "all")
    given = images(backbone)
    with torch.inference_mode():
        before = made(given)
        merge(made.backbone)
        after = made(given)
    assert not torch.equal(before, plain(given))
    assert torch.equal(before, after)
    assert made.state_dict().keys() == plain.state_dict().keys()
    assert [type(layer) for layer in made.modules()] == [type(layer) for layer in plain.modules()]
    plain.load_state_dict(made.state_dict())
    with torch.inference_mode():
        assert torch.equal(plain(given), after)


@pytest.mark.parametrize("rank", [1, 3])
def test_the_update_has_at_most_the_rank(rank):
    plain, made = updated("test_resnet", "all", rank)
    merge(made.backbone)
    for name in chosen_layers(plain.backbone, "all"):
        change = (made.backbone.get_submodule(name).weight - plain.backbone.get_submodule(name).weight).double().flatten(1)
        values = torch.linalg.svdvals(change)
        assert values[0] > 1e-3
        assert (values[rank:] < 1e-4 * values[0]).all()


def test_an_update_is_scaled_by_alpha_over_rank():
    plain, made = updated(rank=2, alpha=5.0)
    layer = made.backbone.blocks[0].attn.qkv
    update = layer.parametrizations.weight[0]
    expected = plain.backbone.blocks[0].attn.qkv.weight + 5.0 / 2 * update.up @ update.down
    torch.testing.assert_close(layer.weight, expected)


def test_weights_that_timm_reads_without_calling_the_layer_are_adapted_too():
    torch.manual_seed(0)
    made = Network("eva02_tiny_patch14_224", Trained(arguments={"img_size": 28}), 2)
    train_only(made, adapt(made.backbone, "attention", 1, 1.0, 0))
    made(torch.rand(1, 3, 28, 28)).sum().backward()
    ups = [p for name, p in made.backbone.named_parameters() if name.endswith(".up")]
    assert len(ups) == 24
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in ups)


def test_the_first_updates_depend_on_the_seed_alone():
    downs = [[p.clone() for n, p in updated(shaken=False)[1].named_parameters() if n.endswith(".down")] for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(*downs, strict=True))


PEFT = [  # what peft 0.21.2 gave for the network below with r=2, lora_alpha=5, of 74 trained weights
    [114.55455017089844, 220.33587646484375, -179.9745330810547, 78.64166259765625],
    [27.553171157836914, 57.86701583862305, -35.904449462890625, 1.94464111328125],
]


def wave(like, start):
    """Numbers that no generator of random numbers decides, of the shape of a tensor."""
    return torch.arange(start, start + like.numel(), dtype=torch.float32).sin().view(like.shape)


@pytest.mark.parametrize("merged", [False, True])
def test_a_convolution_and_a_linear_layer_give_the_numbers_of_peft(merged):
    net = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.Flatten(), nn.Linear(12, 4))
    for layer, start in ((net[0], 0), (net[2], 2)):
        layer.weight.data, layer.bias.data = wave(layer.weight, start), wave(layer.bias, start + 1)
    names = adapt(net, "all", 2, 5.0, 0)
    assert sum(parameter.numel() for name, parameter in net.named_parameters() if name in names) == 74
    for layer, start in ((net[0], 10), (net[2], 20)):
        update = layer.parametrizations.weight[0]
        update.down.data, update.up.data = wave(update.down, start), wave(update.up, start + 5)
    if merged:
        merge(net)
    with torch.inference_mode():
        torch.testing.assert_close(net(wave(torch.empty(2, 2, 2, 2), 7)), torch.tensor(PEFT), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("adapted", ["attention", "all"])
def test_peft_gives_the_same_network(adapted):
    peft = pytest.importorskip("peft", reason="peft, which brings transformers and accelerate, is not installed")
    plain, made = updated(adapted=adapted, rank=4, alpha=8.0)
    names = chosen_layers(plain.backbone, adapted)
    config = peft.LoraConfig(r=4, lora_alpha=8.0, target_modules=names, lora_dropout=0.0)
    theirs = peft.get_peft_model(copy_of(plain).backbone, config).eval()
    for name in names:
        layer, update = (
            theirs.base_model.model.get_submodule(name),
            made.backbone.get_submodule(name).parametrizations.weight[0],
        )
        layer.lora_A["default"].weight.data = update.down.data.view_as(layer.lora_A["default"].weight)
        layer.lora_B["default"].weight.data = update.up.data.view_as(layer.lora_B["default"].weight)
    trained = sum(p.numel() for p in theirs.parameters() if p.requires_grad)
    assert trained == weight_count(trained_parameters(made.backbone))
    given = images("vit")
    with torch.inference_mode():
        torch.testing.assert_close(theirs(given), made.backbone(given), rtol=1e-4, atol=1e-5)
