"""Features by pool: token, avg and both, against plain timm; and arguments on their way through files."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from benchmark.machine.timm_import import timm
from benchmark.networks.architecture import Architecture, architecture_of, network_of
from benchmark.networks.network import Network, Trained, build, feature_count
from benchmark.networks.weight_file import read_weights, write_weights
from benchmark.specs.recipe import Recipe
from benchmark.specs.source import Weights
from results.error import CatsError

TINY = {"embed_dim": 48, "depth": 2, "num_heads": 3, "img_size": 32}
VIRCHOW = TINY | {"reg_tokens": 4, "mlp_layer": "SwiGLUPacked", "act_layer": "silu", "mlp_ratio": 5.3375, "init_values": 1e-5}
CLASSES = {"mlp_layer": timm.layers.SwiGLUPacked, "act_layer": nn.SiLU}
MODELS = [
    ("vit_tiny_patch16_224", TINY),
    ("vit_tiny_patch16_224", VIRCHOW | {"patch_size": 8, "no_embed_class": True}),
    ("deit_tiny_distilled_patch16_224", TINY),
    ("beit_base_patch16_224", TINY),
    ("eva02_tiny_patch14_224", TINY | {"img_size": 28, "num_reg_tokens": 2}),
    ("cait_xxs24_224", TINY),
]


def with_classes(arguments):
    return arguments | {name: CLASSES[name] for name in CLASSES if name in arguments}


@pytest.mark.parametrize("pool", ["token", "avg", "both"])
@pytest.mark.parametrize(("name", "arguments"), MODELS)
def test_features_are_those_of_plain_timm(name, arguments, pool):
    torch.manual_seed(0)
    plain = timm.create_model(name, num_classes=5, **with_classes(arguments)).eval()
    for parameter in plain.parameters():  # timm begins with zeros where a mistake would not show
        nn.init.normal_(parameter, std=0.2)
    given = Trained(plain.state_dict(), arguments=arguments | {"pool": pool})
    made = Network(name, given, 2, Recipe(size=arguments["img_size"])).eval()
    images = torch.rand(2, 3, arguments["img_size"], arguments["img_size"])
    with torch.no_grad():
        tokens = plain.forward_features(images * 2 - 1)  # mean and std are a half
        norm = getattr(plain, "fc_norm", nn.Identity())
        first, mean = norm(tokens[:, 0]), norm(tokens[:, plain.num_prefix_tokens :].mean(dim=1))
        expected = {"token": first, "avg": mean, "both": torch.cat([first, mean], dim=1)}[pool]
        torch.testing.assert_close(made.features(images), expected)
    assert feature_count(made.backbone) == expected.shape[1] == made.head.in_features


def test_the_default_is_what_timm_does():
    for name, pool in (("vit_tiny_patch16_224", "token"), ("beit_base_patch16_224", "avg")):
        torch.manual_seed(0)
        plain = timm.create_model(name, num_classes=0, **TINY).eval()
        images = torch.rand(2, 3, 32, 32)
        for extra in ({}, {"pool": pool}):
            made = build(name, Trained(plain.state_dict(), arguments=TINY | extra)).eval()
            assert torch.equal(made(images), plain(images))


@pytest.mark.parametrize("pool", ["token", "both"])
def test_kept_networks_and_files_build_the_same_network(tmp_path, pool):
    trained = Trained(arguments=VIRCHOW | {"pool": pool})
    made, images = Network("vit_tiny_patch16_224", trained, 2, Recipe(size=32)).eval(), torch.rand(2, 3, 32, 32)
    kept = Architecture.model_validate_json(architecture_of(made, "vit_tiny_patch16_224").model_dump_json())
    again = network_of(kept, 2).eval()
    again.load_state_dict(made.state_dict())
    assert torch.equal(again(images), made(images))
    write_weights(tmp_path / "a.safetensors", made, trained, {})
    back = read_weights(tmp_path / "a.safetensors")
    assert back.arguments == trained.arguments
    assert torch.equal(Network("vit_tiny_patch16_224", back, 2).eval().features(images), made.features(images))


def test_an_entry_adds_to_the_arguments_of_a_file(tmp_path):
    plain = timm.create_model("vit_tiny_patch16_224", num_classes=0, **with_classes(VIRCHOW))
    save_file(plain.state_dict(), tmp_path / "a.safetensors", {"img_size": "32", "mlp_ratio": "4.0", "global_pool": ""})
    given = {name: value for name, value in VIRCHOW.items() if name != "img_size"}
    trained = read_weights(tmp_path / "a.safetensors", Weights(file="a", arguments=given, pool="avg"))
    assert trained.arguments == VIRCHOW | {"global_pool": "", "pool": "avg"}
    assert build("vit_tiny_patch16_224", trained).eval()(torch.rand(2, 3, 32, 32)).shape == (2, 48)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("test_resnet", {"pool": "token"}, "test_resnet gives no tokens, so that pool: token has no meaning for it; leave"),
        ("test_resnet", {"pool": "avg"}, "test_resnet gives no tokens"),
        ("swin_tiny_patch4_window7_224", {"pool": "token"}, "gives no tokens"),
        (
            "vit_base_patch16_siglip_gap_224",
            TINY | {"pool": "both"},
            "has no class token, which pool: both needs; write pool: avg",
        ),
        (
            "vit_tiny_patch16_224",
            TINY | {"num_heads": 5},
            "backbone vit_tiny_patch16_224 cannot be built with {'embed_dim': 48",
        ),
        ("test_resnet", {"reg_tokens": 4}, "backbone test_resnet does not take {'reg_tokens': 4}"),
    ],
)
def test_what_a_backbone_cannot_do_is_one_sentence(name, arguments, sentence):
    with torch.device("meta"), pytest.raises(CatsError) as caught:
        build(name, Trained(arguments=arguments))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
