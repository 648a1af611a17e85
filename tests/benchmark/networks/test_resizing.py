"""Weights at another size than their own: positions and windows are those of timm, and networks are made again the same."""

import warnings

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from benchmark.core.digest import file_digest
from benchmark.machine.timm_import import timm
from benchmark.networks.architecture import architecture_of, network_of
from benchmark.networks.load import cached_backbone, choices_in, initial_network, weights_of
from benchmark.networks.network import Network, Trained
from benchmark.networks.timm_model import resized_model
from benchmark.networks.weight_file import read_weights, write_weights
from benchmark.specs.recipe import Recipe
from benchmark.specs.source import Weights
from benchmark.specs.start import Start
from benchmark.training.features import classifier_of, frozen_recipe
from results.error import CatsError

TINY = {"embed_dim": 48, "depth": 2, "num_heads": 3}
MODELS = [  # name, arguments, size of the weights, other sizes
    ("vit_tiny_patch16_224", TINY, 96, (64, 160)),
    ("vit_tiny_patch16_224", TINY | {"reg_tokens": 4, "no_embed_class": True, "dynamic_img_size": True}, 96, (64,)),
    ("beit_base_patch16_224", TINY, 64, (96,)),
    ("eva02_tiny_patch14_224", TINY, 56, (70,)),
    ("deit_tiny_distilled_patch16_224", TINY, 64, (96,)),
    ("swin_tiny_patch4_window7_224", {"embed_dim": 24}, 224, (64,)),
]


def random_model(name, arguments, size, classes=5):
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=classes, img_size=size, **arguments).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.2)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments", "own", "others"), MODELS)
def test_features_at_another_size_are_those_of_timm(name, arguments, own, others):
    state = random_model(name, arguments, own).state_dict()
    for size in others:
        body = {key: value for key, value in state.items() if not key.startswith("head")}
        asked = {"num_classes": 0, "img_size": size, "pretrained": True, "pretrained_cfg_overlay": {"state_dict": body}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch is not content with how timm interpolates tables of BEiT and Swin
            plain, images = timm.create_model(name, **arguments, **asked).eval(), torch.rand(2, 3, size, size)
        given = Trained(state, arguments=arguments | {"img_size": own}, size=size)
        made = Network(name, given, 2).eval()
        with torch.no_grad():
            assert torch.equal(made.features(images), plain(images * 2 - 1))
        again = network_of(architecture_of(made, name), 2).eval()
        again.load_state_dict(made.state_dict())
        assert torch.equal(again(images), made(images))
        assert made.arguments["img_size"] == size


def test_dynamic_positions_are_what_timm_interpolates_in_every_pass():
    arguments = TINY | {"reg_tokens": 4, "dynamic_img_size": True}
    plain, images = random_model("vit_tiny_patch16_224", arguments, 96, classes=0), torch.rand(2, 3, 64, 64)
    given = Trained(plain.state_dict(), arguments=arguments | {"img_size": 96}, size=64)
    with torch.no_grad():
        torch.testing.assert_close(Network("vit_tiny_patch16_224", given, 2).eval().features(images), plain(images * 2 - 1))


def test_positions_of_cait_are_interpolated_like_those_of_other_transformers():
    state = random_model("cait_xxs24_224", TINY, 96).state_dict()
    made = Network("cait_xxs24_224", Trained(state, arguments=TINY | {"img_size": 96}, size=64), 2)
    grid = state["pos_embed"].reshape(1, 6, 6, 48).permute(0, 3, 1, 2)
    wanted = nn.functional.interpolate(grid, size=(4, 4), mode="bicubic", antialias=True).permute(0, 2, 3, 1).reshape(1, 16, 48)
    torch.testing.assert_close(made.backbone.pos_embed, wanted)


def test_weights_that_timm_does_not_interpolate_are_one_sentence():
    state = timm.create_model("mixer_s32_224", img_size=96).state_dict()
    with pytest.raises(CatsError, match="timm does not interpolate the weights of mixer_s32_224, .* to 64 pixels"):
        Network("mixer_s32_224", Trained(state, arguments={"img_size": 96}, size=64), 2)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    for cache in (weights_of, cached_backbone):
        cache.cache_clear()
    return tmp_path


def start_with(place, state, arguments, metadata=None):
    """A start from a file of vit_tiny_patch16_224 whose entry names these arguments."""
    path = place / "vit_tiny_patch16_224.mine.safetensors"
    save_file(state, path, metadata or {})
    entry = Weights(file="mine", mean=(0.5,) * 3, std=(0.5,) * 3, arguments=arguments)
    return Start(kind="file", source="mine", backbone="vit_tiny_patch16_224", weights=file_digest(path), input=entry)


def test_a_start_gives_the_network_of_the_size_of_the_recipe(place):
    state = random_model("vit_tiny_patch16_224", TINY, 96).state_dict()
    start = start_with(place, state, TINY | {"img_size": 96})
    key = start.key
    for size in (64, 96, 128):
        network = initial_network(start, 2, 0, Recipe(size=size)).eval()
        assert network(torch.rand(1, 3, size, size)).shape == (1, 2)
        assert network.arguments["img_size"] == size
        assert initial_network(start, 2, 0, frozen_recipe(Recipe(size=size))).arguments["img_size"] == size
        weight, bias = classifier_of(network, start)
        assert (torch.tensor(weight).float() == state["head.weight"]).all()
        assert (torch.tensor(bias).float() == state["head.bias"]).all()
    assert initial_network(start, 2, 0).arguments["img_size"] == 96  # without a recipe, that of the weights
    assert start.key == key


@pytest.mark.parametrize(("pool", "kept"), [("token", True), ("avg", False), ("both", False)])
def test_the_classifier_of_the_source_belongs_to_its_own_pooling(place, pool, kept):
    state = random_model("vit_tiny_patch16_224", TINY, 64).state_dict()
    start = start_with(place, state, TINY | {"img_size": 64})
    pooled = start.model_copy(update={"input": start.input.model_copy(update={"pool": pool})})
    network = initial_network(pooled, 2, 0, Recipe(size=64))
    assert (classifier_of(network, pooled) is not None) == kept
    assert network.head.in_features == (96 if pool == "both" else 48)
    assert pooled.key != start.key


def test_an_error_of_any_kind_in_a_converter_of_timm_is_no_traceback():
    """Positions without dimensions, at which the converter of ViT looks by their second one: an IndexError."""
    assert resized_model("test_vit", {"img_size": 64}, 3, {"pos_embed": torch.zeros(3)}) is None


@pytest.mark.parametrize("pool", ["token", "avg", "both", None])
def test_names_of_the_authors_are_read_with_and_without_a_pooling(place, pool):
    """DINOv3 as Meta publishes it: other names of registers and layer scale, and a mask that the network does not need."""
    state = random_model("vit_small_patch16_dinov3", TINY, 32).state_dict()
    theirs = {"storage_tokens": state["reg_token"], "mask_token": torch.zeros(1, 48)}
    for name, value in state.items():
        if name != "reg_token" and not name.startswith("head."):
            theirs[name.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma")] = value
    theirs |= {f"blocks.{block}.attn.qkv.bias_mask": torch.zeros(144) for block in range(2)}
    path = place / "vit_small_patch16_dinov3.mine.pth"
    torch.save(theirs, path)
    entry = Weights(file="mine", mean=(0.5,) * 3, std=(0.5,) * 3, arguments=TINY | {"img_size": 32}, pool=pool)
    start = Start(kind="file", source="mine", backbone="vit_small_patch16_dinov3", weights=file_digest(path), input=entry)
    (said,) = choices_in(start)
    assert "read as names of the authors' code, by timm's converter" in said
    ours = initial_network(start, 2, 0).backbone.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in ours.items())


def test_a_pretraining_at_one_size_begins_a_training_at_another(place):
    """As execution does it: the file of the pretraining says for which size its network was built."""
    start = start_with(place, random_model("vit_tiny_patch16_224", TINY, 96).state_dict(), TINY | {"img_size": 96})
    trained = initial_network(start, 3, 0, Recipe(size=64))
    write_weights(place / "a.safetensors", trained, weights_of(start), {})
    back = read_weights(place / "a.safetensors")
    assert back.arguments == TINY | {"img_size": 64}
    again = Network("vit_tiny_patch16_224", Trained(back.state, arguments=back.arguments, size=80), 2)
    old, new = trained.backbone.pos_embed, again.backbone.pos_embed
    wanted = timm.layers.resample_abs_pos_embed(old, [5, 5], num_prefix_tokens=1)
    torch.testing.assert_close(new, wanted)


def test_a_random_network_at_another_size_is_that_of_timm():
    start = Start(kind="random", source="scratch", backbone="vit_tiny_patch16_224", seed=0)
    one, other = (initial_network(start, 2, 0, Recipe(size=size)) for size in (64, 64))
    assert one.backbone.pos_embed.shape == (1, 17, 192)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize(("more", "own"), [({}, 96), ({"reg_tokens": 4}, 96), ({"reg_tokens": 4, "no_embed_class": True}, 160)])
def test_weights_for_another_size_than_declared_name_the_argument(more, own):
    state = random_model("vit_tiny_patch16_224", TINY | more, own).state_dict()
    with pytest.raises(CatsError) as caught:
        Network("vit_tiny_patch16_224", Trained(state, arguments=TINY | more, origin="a.pth"), 2)
    assert f"instead of (1, {196 + (0 if 'no_embed_class' in more else 1 + more.get('reg_tokens', 0))}, 48)" in str(
        caught.value
    )
    said = f"their positions are those of images of {own} pixels: if they were made for this size, write arguments: {{img_s"
    assert f"{said}ize: {own}}}" in str(caught.value)
    assert str(caught.value).endswith("; they are in a.pth")
    assert Network("vit_tiny_patch16_224", Trained(state, arguments=TINY | more | {"img_size": own}), 2)
