"""Which backbones take images of which size: found by a pass that computes no numbers."""

import pytest

from benchmark.networks.input_size import image_size, size_refusal

# backbone, whether it has weights, a size that it refuses, the sizes that the sentence names
REFUSED = [
    ("vit_tiny_patch16_224", False, 65, "64 or 80"),
    ("vit_small_patch14_dinov2", True, 64, "56 or 70"),
    ("swin_tiny_patch4_window7_224", True, 65, "64 or 68"),
    ("coatnet_pico_rw_224", False, 100, "96 or 128"),
    ("mixer_s32_224", True, 64, "224"),
    ("efficientformer_l1", False, 64, "224"),
    ("hiera_tiny_224", True, 28, "224"),
    ("test_vit", False, 28, "16 or 32"),
]
# backbone, size: built for the size of the recipe, with weights too
RESIZED = [
    ("vit_tiny_patch16_224", 64),
    ("vit_small_patch14_dinov2", 224),
    ("swin_tiny_patch4_window7_224", 64),
    ("maxvit_tiny_tf_224", 64),
    ("cait_xxs24_224", 64),
    ("beit_base_patch16_224", 64),
    ("eva02_tiny_patch14_224", 70),
]
TOO_SMALL = [
    ("inception_v3", False, 64, "96"),
    ("densenet121", True, 28, "64"),
    ("convnext_atto", True, 28, "64"),
]
NOT_INTERPOLATED = ("mixer_s32_224",)


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "weights", "size", "works"), REFUSED + TOO_SMALL)
def test_a_size_that_a_backbone_refuses_is_one_sentence_with_sizes_that_work(backbone, weights, size, works):
    said = size_refusal(backbone, size, {}, weights=weights)
    assert f"backbone {backbone} " in said
    assert f"; write size: {works}, or choose another backbone" in said
    if backbone in NOT_INTERPOLATED:
        assert f"were made for images of {works} pixels, and timm interpolates none to {size};" in said
        assert size_refusal(backbone, size, {}) is None  # random weights have no positions that count
    elif "patches" not in said:
        assert "was made for images of " in said
        assert f"does not take {size};" in said
    for each in works.split(" or "):
        assert size_refusal(backbone, int(each), {}, weights=weights) is None


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "size"), RESIZED)
def test_a_backbone_is_built_for_another_size_where_timm_can_do_so(backbone, size):
    assert size_refusal(backbone, size, {}, weights=True) is None
    assert image_size(backbone, size, {}) == size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "size"),
    [("resnet18", 28), ("mobilenetv2_035", 28), ("efficientnet_b0", 32), ("crossvit_tiny_240", 64), ("pvt_v2_b0", 64)],
)
def test_a_size_that_works_today_is_not_refused(backbone, size):
    assert size_refusal(backbone, size, {}) is None
    assert image_size(backbone, size, {}) is None  # a network that worked before is built as before


def test_weights_and_recipes_may_set_the_size_and_the_stem():
    assert size_refusal("vit_tiny_patch16_224", 64, {"img_size": 64}) is None
    assert image_size("vit_tiny_patch16_224", 64, {"img_size": 64}) is None
    assert image_size("vit_tiny_patch16_224", 224, {"img_size": 64}) == 224
    assert size_refusal("resnet18", 8, {}, "small") is None
    assert size_refusal("resnet18", 8, {"stem": "small"}) is None


TINY = {"embed_dim": 48, "depth": 1, "num_heads": 3}


def test_positions_that_would_be_interpolated_in_every_pass_are_interpolated_once():
    assert image_size("vit_tiny_patch16_224", 64, TINY | {"dynamic_img_size": True}) == 64
    assert image_size("vit_tiny_patch16_224", 224, TINY | {"dynamic_img_size": True}) is None
    assert image_size("vit_small_patch16_dinov3", 64, {}) is None  # rotary positions take every size


@pytest.mark.parametrize(
    ("backbone", "arguments", "sentence"),
    [
        (
            "vit_tiny_patch16_224",
            TINY | {"global_pool": ""},
            "vit_tiny_patch16_224 gives 17 tokens of 48 numbers for each image instead of one vector; write pool: token, ",
        ),
        ("resnet18", {"global_pool": ""}, "resnet18 gives 512 x 2 x 2 for each image instead of 512 features; choose another"),
        ("resnet18", {"pool": "token"}, "backbone resnet18 gives no tokens, so that pool: token has no meaning"),
        ("resnet18", {"init_values": 1e-5}, "backbone resnet18 does not take {'init_values': 1e-05}"),
        ("vit_tiny_patch16_224", {"num_heads": 7}, "backbone vit_tiny_patch16_224 cannot be built with {'num_heads': 7}: "),
    ],
)
def test_what_a_network_with_its_arguments_cannot_do_is_one_sentence(backbone, arguments, sentence):
    said = size_refusal(backbone, 64, arguments, weights=True)
    assert sentence in said
    assert "\n" not in said
    assert size_refusal("vit_tiny_patch16_224", 64, TINY | {"global_pool": "", "pool": "both"}) is None
