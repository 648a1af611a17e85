"""Which backbones take images of which size: found by a pass that computes no numbers."""

import pytest

from benchmark.networks.input_size import size_refusal

# backbone, a size that it refuses, the size that the sentence names
FIXED = [
    ("vit_tiny_patch16_224", 64, 224),
    ("vit_small_patch14_dinov2", 224, 518),
    ("deit_tiny_patch16_224", 128, 224),
    ("swin_tiny_patch4_window7_224", 64, 224),
    ("swinv2_tiny_window8_256", 224, 256),
    ("levit_128s", 64, 224),
    ("coatnet_nano_rw_224", 64, 224),
    ("maxvit_tiny_tf_224", 64, 224),
    ("mixer_s32_224", 64, 224),
    ("pit_ti_224", 256, 224),
    ("efficientformer_l1", 64, 224),
    ("hiera_tiny_224", 28, 224),
]
TOO_SMALL = [
    ("inception_v3", 64, 96),
    ("inception_v4", 64, 96),
    ("densenet121", 28, 64),
    ("convnext_atto", 28, 64),
    ("test_vit", 28, 160),
]


@pytest.mark.parametrize(("backbone", "size", "works"), FIXED + TOO_SMALL)
def test_a_size_that_a_backbone_refuses_is_one_sentence_with_a_size_that_works(backbone, size, works):
    said = size_refusal(backbone, size, {})
    assert f"backbone {backbone} was made for images of " in said
    assert f"does not take {size}; write size: {works}, or choose another backbone" in said
    assert size_refusal(backbone, works, {}) is None


@pytest.mark.parametrize(
    ("backbone", "size"),
    [("resnet18", 28), ("mobilenetv2_035", 28), ("efficientnet_b0", 32), ("crossvit_tiny_240", 64), ("pvt_v2_b0", 64)],
)
def test_a_size_that_works_today_is_not_refused(backbone, size):
    assert size_refusal(backbone, size, {}) is None


def test_weights_and_recipes_may_set_the_size_and_the_stem():
    assert size_refusal("vit_tiny_patch16_224", 64, {"img_size": 64}) is None
    assert "made for images of 64 pixels and does not take 224" in size_refusal("vit_tiny_patch16_224", 224, {"img_size": 64})
    assert size_refusal("resnet18", 8, {}, "small") is None
    assert size_refusal("resnet18", 8, {"stem": "small"}) is None
