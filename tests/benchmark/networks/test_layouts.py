"""Layouts of other programs: their files give the features that these programs give, and what does not fit is one sentence."""

import functools
import json
import re
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.machine.timm_import import timm
from benchmark.networks.layout import layout, layout_names
from benchmark.networks.matching import fitted
from benchmark.networks.network import Trained, fit_of
from benchmark.specs.catalogue import source
from results.error import CatsError
from tests.support.filled import filled, filled_like

CASES = json.loads(Path("tests/assets/encoder_layouts.json").read_text(encoding="utf-8"))["cases"]
LAYERS = {"SwiGLUPacked": timm.layers.SwiGLUPacked, "silu": torch.nn.SiLU}


def built(case):
    arguments = {name: LAYERS.get(value, value) for name, value in case["arguments"].items()}
    return timm.create_model(case["backbone"], num_classes=0, **arguments).eval()


def features(model, state, layout_name=None, **more):
    """Of two images, by a timm model with these weights."""
    fit = fitted(model, state, "tiny", "a.pth", layout_name)
    model.load_state_dict(fit.state, strict=False)
    with torch.no_grad():
        return model(filled("image", (2, 3, more.get("side", 32), more.get("side", 32)))), fit.note


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("prefix", ["", "module.", "student_model.", "vision_model."])
def test_files_of_other_programs_give_the_features_that_these_programs_give(name, prefix):
    case = CASES[name]
    state = {f"{prefix}{key}": value for key, value in filled_like(case["shapes"]).items()}
    found, note = features(built(case), state)
    torch.testing.assert_close(found, torch.tensor(case["features"]), atol=2e-5, rtol=1e-4)
    assert f"read as the layout {name.partition(',')[0]}" in note
    assert note.endswith("; they are in a.pth")
    assert ("were trained with QuickGELU, and their backbones end in quickgelu_224" in note) == (
        "clip" in name.partition(",")[0]
    )


@pytest.mark.parametrize("name", CASES)
def test_a_layout_that_is_declared_needs_no_note(name):
    case = CASES[name]
    found, note = features(built(case), filled_like(case["shapes"]), name.partition(",")[0])
    torch.testing.assert_close(found, torch.tensor(case["features"]), atol=2e-5, rtol=1e-4)
    assert note is None or "taken from names that begin with 'visual.'" in note


NEWER = {"attention.attention.query": "attention.q_proj", "attention.attention.key": "attention.k_proj"}
NEWER |= {"attention.attention.value": "attention.v_proj", "attention.output.dense": "attention.o_proj"}
NEWER |= {"intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2", "weights_out": "down_proj"}


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("transformers_vit", "transformers_dinov2"))])
def test_names_of_modules_since_version_5_of_transformers_are_read_as_well(name):
    """A state dict of the model itself; gate and value of SwiGLU lie apart there."""
    case, state = CASES[name], {}
    for key, value in filled_like(case["shapes"]).items():
        new = functools.reduce(lambda text, pair: text.replace(*pair), NEWER.items(), key)
        parts = ("gate_proj", "up_proj") if "weights_in" in new else ("",)
        state |= {new.replace("weights_in", part): half for part, half in zip(parts, value.chunk(len(parts)), strict=True)}
    found, _ = features(built(case), state)
    torch.testing.assert_close(found, torch.tensor(case["features"]), atol=2e-5, rtol=1e-4)


def test_query_key_and_value_become_one_tensor_in_this_order():
    """By hand: the joined layer gives query, key and value of the same tokens side by side."""
    case = CASES["transformers_vit"]
    state = filled_like(case["shapes"])
    fit = fitted(built(case), state, "tiny")
    tokens = filled("tokens", (5, 24))
    begin = "encoder.layer.1.attention.attention"
    apart = [tokens @ state[f"{begin}.{part}.weight"].T + state[f"{begin}.{part}.bias"] for part in ("query", "key", "value")]
    joined = tokens @ fit.state["blocks.1.attn.qkv.weight"].T + fit.state["blocks.1.attn.qkv.bias"]
    torch.testing.assert_close(joined, torch.cat(apart, dim=1))


@pytest.mark.parametrize("prefix", ["", "vit."])
def test_the_classifier_beside_a_body_of_transformers_is_kept(prefix):
    """The names of ViTForImageClassification; measures read the classifier of the source."""
    case = CASES["transformers_vit"]
    state = {f"{prefix}{key}": value for key, value in filled_like(case["shapes"]).items()}
    classifier = {"classifier.weight": filled("w", (7, 24)), "classifier.bias": filled("b", (7,))}
    fit = fitted(built(case), classifier | state, "tiny")
    assert torch.equal(fit.state["head.weight"], classifier["classifier.weight"])
    assert torch.equal(fit.state["head.bias"], classifier["classifier.bias"])


TINY_VIT = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}


def tiny_vit(backbone="vit_base_patch16_224", **more):
    return timm.create_model(backbone, num_classes=0, **{**TINY_VIT, **more}).eval()


def timm_state(model):
    return filled_like({name: value.shape for name, value in model.state_dict().items()})


def plain_features(model, state):
    model.load_state_dict(state, strict=True)
    with torch.no_grad():
        return model(filled("image", (2, 3, 32, 32)))


def test_the_decoder_and_the_token_of_masked_patches_of_mae_are_left_out():
    """RETFound's and MAE's checkpoints: the encoder by timm's names beside `mask_token` and `decoder_...`."""
    model = tiny_vit()
    state = timm_state(model)
    decoder = {"mask_token": (1, 1, 16), "decoder_pos_embed": (1, 17, 16), "decoder_embed.weight": (16, 24)}
    decoder |= {"decoder_embed.bias": (16,), "decoder_blocks.0.norm1.weight": (16,), "decoder_pred.bias": (192,)}
    found, note = features(tiny_vit(), state | filled_like(decoder))
    assert torch.equal(found, plain_features(model, state))
    assert "read as the layout mae" in note


@pytest.mark.parametrize("chunks", [False, True])
@pytest.mark.parametrize("swiglu", [False, True])
@pytest.mark.parametrize("registers", [0, 4])
@pytest.mark.parametrize("prefix", ["", "teacher.backbone."])
def test_checkpoints_of_dinov2_are_read(chunks, swiglu, registers, prefix):
    more = {"mlp_layer": LAYERS["SwiGLUPacked"], "act_layer": torch.nn.SiLU, "mlp_ratio": 4} if swiglu else {}
    model = tiny_vit("vit_base_patch14_reg4_dinov2" if registers else "vit_base_patch14_dinov2", **more)
    state = timm_state(model)
    theirs = {}
    for name, value in state.items():
        new = name.replace("blocks.", "blocks.0.") if chunks else name
        if swiglu:
            new = new.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3")
        theirs[prefix + new.replace("reg_token", "register_tokens")] = value
    if registers:  # in the original the class token has a position of its own, which timm adds to the token
        place = filled("position", (1, 1, 24))
        theirs[f"{prefix}cls_token"] = state["cls_token"] - place
        theirs[f"{prefix}pos_embed"] = torch.cat([place, state["pos_embed"]], dim=1)
    theirs[f"{prefix}mask_token"] = torch.zeros(1, 24)
    found, note = features(model, theirs)
    torch.testing.assert_close(found, plain_features(model, state), atol=1e-5, rtol=1e-4)
    assert "layout dinov2" in note


def test_of_student_and_teacher_of_dinov2_the_teacher_is_taken():
    model = tiny_vit("vit_base_patch14_dinov2")
    state = timm_state(model) | {"mask_token": torch.zeros(1, 24)}
    both = {f"teacher.{name}": value for name, value in state.items()}
    both |= {f"student.{name}": value + 1 for name, value in state.items()}
    _, note = features(model, both)
    assert torch.equal(model.state_dict()["cls_token"], state["cls_token"])
    assert "taken from names that begin with 'teacher.'" in note
    assert "'student' fits too, choose it with state_dict_key: student" in note


def test_names_of_the_authors_are_converted_by_timm():
    """Swin's own code reduces at the end of a stage, timm at the beginning of the next one."""
    tiny = {"img_size": 64, "window_size": 4, "embed_dim": 12, "depths": (1, 1), "num_heads": (2, 2), "num_classes": 0}
    model = timm.create_model("swin_tiny_patch4_window7_224", **tiny).eval()
    state = timm_state(model)
    theirs = {name.replace("layers.1.downsample", "layers.0.downsample"): value for name, value in state.items()}
    theirs["layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(16, 16, dtype=torch.long)
    assert theirs.keys() != state.keys()
    found, note = features(model, {f"module.{name}": value for name, value in theirs.items()}, side=64)
    assert "by timm's converter" in note
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.isfinite(found).all()


def test_patches_of_another_size_are_not_adapted_in_silence():
    state = timm_state(tiny_vit()) | {"visual.class_embedding": torch.zeros(24)}  # makes timm's converter read the rest
    other = tiny_vit(patch_size=16)
    with pytest.raises(CatsError, match="the weights do not fit tiny"):
        fitted(other, {f"visual.trunk.{name}": value for name, value in state.items()}, "tiny")


WINDOWS = [
    (
        "swin_tiny_patch4_window7_224",
        {"img_size": 64, "embed_dim": 12, "depths": (1, 1), "num_heads": (2, 2)},
        "window_size",
        4,
        8,
    ),
    ("beit_base_patch16_224", {"embed_dim": 24, "depth": 2, "num_heads": 2}, "img_size", 64, 96),
]


@pytest.mark.parametrize(("name", "tiny", "key", "ours", "theirs"), WINDOWS)
def test_windows_of_another_size_are_not_adapted_in_silence(name, tiny, key, ours, theirs):
    """The tables of relative positions, which timm's converters of Swin and BEiT would interpolate."""
    # With a classifier, else timm's converter takes the weights of Swin for those of an older layout.
    made = ((ours, 0), (theirs, 5))
    model, other = (timm.create_model(name, num_classes=classes, **tiny, **{key: side}) for side, classes in made)
    state = timm_state(other)
    table = next(key for key in state if key.endswith("relative_position_bias_table"))
    with warnings.catch_warnings(), pytest.raises(CatsError) as caught:
        warnings.simplefilter("ignore")  # of timm's interpolation, which would else fail by them here, and here alone
        fitted(model, state, "tiny")
    assert str(caught.value).startswith("the weights do not fit tiny, 2 keys differ: ")
    shapes = f"{table} is {tuple(state[table].shape)} instead of {tuple(model.state_dict()[table].shape)}"
    assert shapes in str(caught.value)
    same = timm.create_model(name, num_classes=0, **tiny, **{key: theirs})
    assert fitted(same, state, "tiny").note is None


def davit(state, images, heads, window):
    """DaViT by hand, from weights under the names of its authors; sides are multiples of the window."""
    x = images
    for stage, count in enumerate(heads):
        x = x if stage == 0 else normed(state, f"convs.{stage}.norm", x)
        weight, bias = state[f"convs.{stage}.proj.weight"], state[f"convs.{stage}.proj.bias"]
        x = torch.conv2d(x, weight, bias, stride=2 if stage else 4, padding=1 if stage else 3)
        x = x if stage else normed(state, "convs.0.norm", x)
        for part in ("spatial", "channel"):
            begin = f"blocks.{stage}.0.{part}_block"
            x = x + depthwise(state, f"{begin}.conv1.fn.dw", x)
            name = f"{begin}.{'window' if part == 'spatial' else 'channel'}_attn"
            x = x + attended(
                state, f"{name}.fn", normed(state, f"{name}.norm", x), count, window if part == "spatial" else None
            )
            x = x + depthwise(state, f"{begin}.conv2.fn.dw", x)
            y = linear(state, f"{begin}.ffn.fn.net.fc1", normed(state, f"{begin}.ffn.norm", x).movedim(1, -1))
            x = x + linear(state, f"{begin}.ffn.fn.net.fc2", torch.nn.functional.gelu(y)).movedim(-1, 1)
    return normed(state, "norms", x.mean((2, 3)))


def linear(state, name, x):
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def normed(state, name, x):
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return torch.layer_norm(x.movedim(1, -1), weight.shape, weight, bias).movedim(-1, 1)


def depthwise(state, name, x):
    return torch.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1, groups=x.shape[1])


def attended(state, name, x, heads, window):
    """Attention of the positions of each window, or without a window of the channels of each group."""
    n, c, h, w = x.shape
    side = window or h
    tokens = x.reshape(n, c, h // side, side, w // side, side).permute(0, 2, 4, 3, 5, 1).reshape(-1, side * side, c)
    q, k, v = linear(state, f"{name}.qkv", tokens).reshape(len(tokens), -1, 3, heads, c // heads).permute(2, 0, 3, 1, 4)
    if window:
        found = torch.softmax(q @ k.transpose(-1, -2) / (c // heads) ** 0.5, dim=-1) @ v
    else:
        found = v @ torch.softmax(q.transpose(-1, -2) @ k / tokens.shape[1] ** 0.5, dim=-1).transpose(-1, -2)
    out = linear(state, f"{name}.proj", found.transpose(1, 2).reshape(tokens.shape))
    return out.reshape(n, h // side, w // side, side, side, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)


def test_the_tower_of_medimageinsight_is_a_davit_of_timm():
    """Names of the file: `image_encoder.` with the tower, beside a projection and an encoder of texts."""
    tiny = {"depths": (1, 1), "embed_dims": (8, 16), "num_heads": (2, 4), "window_size": 4}
    model = timm.create_model("davit_huge_fl", num_classes=0, **tiny).eval()
    theirs = {}
    for key, value in timm_state(model).items():
        new = key.replace("stem.", "convs.0.").replace("head.norm.", "norms.")
        new = re.sub(r"stages\.(\d+)\.downsample\.", r"convs.\1.", new).replace(".conv.", ".proj.")
        new = re.sub(r"stages\.(\d+)\.blocks\.", r"blocks.\1.", new)
        kind = "window" if "spatial" in new else "channel"
        for ours, name in ((".cpe1.proj", ".conv1.fn.dw"), (".cpe2.proj", ".conv2.fn.dw"), (".norm1", f".{kind}_attn.norm")):
            new = new.replace(ours, name)
        for ours, name in ((".attn.", f".{kind}_attn.fn."), (".norm2", ".ffn.norm"), (".mlp.", ".ffn.fn.net.")):
            new = new.replace(ours, name)
        theirs[new] = value
    file = {f"image_encoder.{key}": value for key, value in theirs.items()} | {"image_projection": torch.ones(16, 4)}
    found, note = features(model, file | {"lang_encoder.token_embedding.weight": torch.ones(4, 4)})
    assert "from names that begin with 'image_encoder.', and read as the layout davit" in note
    torch.testing.assert_close(found, davit(theirs, filled("image", (2, 3, 32, 32)), (2, 4), 4), atol=1e-4, rtol=1e-3)


# ----- torchvision, which is installed -----


def torchvision_models():
    import torchvision

    return torchvision.models


def convnext(models):
    setting = [models.convnext.CNBlockConfig(a, b, n) for a, b, n in ((8, 12, 1), (12, 16, 2), (16, 20, 1), (20, None, 1))]
    return models.ConvNeXt(setting), ("convnext_tiny", {"depths": (1, 2, 1, 1), "dims": (8, 12, 16, 20)})


def swin(models):
    made = models.SwinTransformer([4, 4], 12, [1, 2], [2, 3], [4, 4], stochastic_depth_prob=0.0)
    more = {"img_size": 64, "window_size": 4, "embed_dim": 12, "depths": (1, 2), "num_heads": (2, 3)}
    return made, ("swin_tiny_patch4_window7_224", more)


def vit(models):
    return models.VisionTransformer(64, 16, 2, 2, 24, 96), (
        "vit_base_patch16_224",
        {**TINY_VIT, "img_size": 64, "patch_size": 16},
    )


TORCHVISION = {
    "torchvision_convnext": convnext,
    "torchvision_swin": swin,
    "torchvision_vit": vit,
    "torchvision_mobilenet_v2": lambda models: (models.mobilenet_v2(), ("mobilenetv2_100", {})),
    "torchvision_mobilenet_v3_small": lambda models: (
        models.mobilenet_v3_small(),
        ("mobilenetv3_small_100", {"bn_eps": 0.001}),
    ),
    "torchvision_mobilenet_v3_large": lambda models: (
        models.mobilenet_v3_large(),
        ("mobilenetv3_large_100", {"bn_eps": 0.001}),
    ),
    "torchvision_efficientnet": lambda models: (models.efficientnet_b0(), ("efficientnet_b0", {})),
    "regnet_y_400mf": lambda models: (models.regnet_y_400mf(), ("regnety_004", {})),  # by timm's converter
    "resnet18": lambda models: (models.resnet18(), ("resnet18", {})),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCHVISION)
def test_files_of_torchvision_give_the_logits_that_torchvision_gives(name):
    """With the classifier, because its names are part of the layout: measures read the source's classifier."""
    theirs, (backbone, arguments) = TORCHVISION[name](torchvision_models())
    state = {key: value if value.ndim == 0 else filled(key, value.shape) for key, value in theirs.state_dict().items()}
    state |= {key: value for key, value in theirs.state_dict().items() if key.endswith("relative_position_index")}
    theirs.load_state_dict(state)
    headless = timm.create_model(backbone, num_classes=0, **arguments)
    fit = fitted(headless, state, backbone)
    assert (f"read as the layout {name}" in (fit.note or "")) == name.startswith("torchvision")
    assert ("which an entry sets with arguments: {bn_eps: 0.001}" in (fit.note or "")) == ("mobilenet_v3" in name)
    ours = timm.create_model(backbone, num_classes=1000, **arguments).eval()
    ours.load_state_dict(fit.state)
    images = filled("image", (2, 3, 64, 64))
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs.eval()(images), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "options", "backbone", "label"),
    [
        ("inception_v3", {"init_weights": False}, "inception_v3", "the layout torchvision_inception_v3"),
        ("vgg11", {"init_weights": False}, "vgg11", "by timm's converter"),
        ("densenet121", {}, "densenet121", None),
    ],
)
def test_other_files_of_torchvision_fit_by_name_and_shape(name, options, backbone, label):
    """Without numbers, because these networks are large."""
    with torch.device("meta"):
        state = getattr(torchvision_models(), name)(**options).state_dict()
        model = timm.create_model(backbone, num_classes=0)
    fit = fitted(model, state, backbone)
    assert fit.note is None if label is None else label in fit.note
    assert fit.state.keys() >= {key for key in model.state_dict() if "num_batches" not in key}


IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def torchvision_entry(name, backbone, state):
    """What the shipped entry makes of a file of torchvision."""
    weights = source(name).weights
    return Trained(state, weights.mean, weights.std, arguments=weights.network_arguments, origin=f"{backbone}.pth")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "backbone", "epsilon"),
    [
        ("mobilenet_v3_small", "mobilenetv3_small_100", 0.001),
        ("mobilenet_v3_large", "mobilenetv3_large_100", 0.001),
        ("efficientnet_b0", "efficientnet_b0", 1e-5),
        ("efficientnet_b4", "efficientnet_b4", 1e-5),
        ("efficientnet_b5", "efficientnet_b5", 0.001),
        ("efficientnet_b7", "efficientnet_b7", 0.001),
    ],
)
def test_batch_norm_has_the_epsilon_of_torchvision_or_the_file_is_refused(model, backbone, epsilon):
    """The epsilon is read from the network that torchvision builds."""
    with torch.device("meta"):
        theirs = getattr(torchvision_models(), model)()
    assert {part.eps for part in theirs.modules() if isinstance(part, torch.nn.BatchNorm2d)} == {epsilon}
    right, wrong = ("torchvision_imagenet", "torchvision_imagenet_eps")[:: 1 if epsilon < 0.001 else -1]
    fit_of(backbone, torchvision_entry(right, backbone, theirs.state_dict()))
    with pytest.raises(CatsError) as caught:
        fit_of(backbone, torchvision_entry(wrong, backbone, theirs.state_dict()))
    said = f"has the epsilon {epsilon:g}; the network has {0.001 if epsilon < 0.001 else 1e-5:g} and would give other features"
    assert said in str(caught.value)
    assert str(caught.value).endswith(
        f": write arguments: {{bn_eps: {epsilon:g}}} under `weights` of the entry; they are in {backbone}.pth"
    )


def test_the_published_files_of_densenet_have_other_names_than_the_network_of_torchvision():
    """By hand: `norm.1` in the files that download.pytorch.org holds, which torchvision renames when it loads them."""
    with torch.device("meta"):
        state = torchvision_models().densenet121().state_dict()
        model = timm.create_model("densenet121", num_classes=0)
    file = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name): value for name, value in state.items()}
    assert "features.denseblock1.denselayer1.norm.1.running_mean" in file
    assert "features.denseblock4.denselayer16.conv.2.weight" in file
    fit = fitted(model, file, "densenet121")
    assert "read as the layout torchvision_densenet" in fit.note
    assert fit.state.keys() == state.keys()
    assert all(fit.state[name].shape == value.shape for name, value in state.items())


@pytest.fixture(scope="module")
def inception():
    """Inception-v3 of torchvision with its own weights' setting, which changes what the first layer sees."""
    return torchvision_models().inception_v3(init_weights=False, transform_input=True).eval()


def test_the_entry_of_inception_gives_the_first_layer_what_torchvision_gives(inception):
    """With the mean and std of ImageNet before it, torchvision's first layer sees (x - 0.5) / 0.5."""
    images = torch.rand(1, 3, 4, 4)
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in IMAGENET.values())
    weights = source("torchvision_inception_v3").weights
    ours = (images - torch.tensor(weights.mean).view(1, 3, 1, 1)) / torch.tensor(weights.std).view(1, 3, 1, 1)
    torch.testing.assert_close(ours, inception._transform_input((images - mean) / std), atol=1e-5, rtol=1e-5)


@pytest.mark.slow
def test_inception_is_refused_by_the_entry_of_other_networks(inception):
    state = inception.state_dict()
    fit_of("inception_v3", torchvision_entry("torchvision_inception_v3", "inception_v3", state))
    other = torchvision_entry("torchvision_imagenet", "inception_v3", state)
    with pytest.raises(CatsError) as caught:
        fit_of("inception_v3", other)
    assert str(caught.value) == (
        "the weights for inception_v3 have the names of Inception-v3 of torchvision, which were trained on images with the "
        "mean 0.5 and the std 0.5, but the entry has the mean 0.485, 0.456, 0.406: write mean: [0.5, 0.5, 0.5] and std: "
        "[0.5, 0.5, 0.5] under `weights` of the entry, or layout: torchvision_inception_v3 if the entry is right for this "
        "file; they are in inception_v3.pth"
    )
    fit_of("inception_v3", replace(other, layout="torchvision_inception_v3"))


# ----- what is refused -----


@pytest.mark.parametrize("name", CASES)
def test_a_checkpoint_with_half_its_keys_is_one_sentence(name):
    case = CASES[name]
    state = dict(list(filled_like(case["shapes"]).items())[::2])
    with pytest.raises(CatsError) as caught:
        fitted(built(case), state, "tiny", "a.pth")
    said = str(caught.value)
    assert said.startswith("the weights do not fit tiny, ")
    assert said.endswith("; they are in a.pth")
    assert "\n" not in said
    assert len(said) < 500


def test_the_last_layers_may_be_missing_in_a_layout_and_are_named_by_timms_names():
    case = CASES["transformers_dinov2"]
    state = {
        name: value for name, value in filled_like(case["shapes"]).items() if "layer.1.attention.attention.key" not in name
    }
    with pytest.raises(CatsError) as caught:
        fitted(built(case), state, "tiny", "a.pth")
    assert "2 keys differ, also read as the layout transformers_dinov2: missing blocks.1.attn.qkv.weight" in str(caught.value)


def test_a_declared_layout_that_the_file_does_not_have_is_refused():
    model = tiny_vit()
    with pytest.raises(CatsError) as caught:
        fitted(model, timm_state(model), "tiny", "a.pth", "transformers_vit")
    assert str(caught.value) == (
        "the weights for tiny are not in the layout transformers_vit: ViT of transformers has other names, such as "
        "embeddings.patch_embeddings.projection.weight; they are in a.pth"
    )


def test_every_table_can_be_read_and_has_a_case_here():
    names = {name.partition(",")[0] for name in [*CASES, *TORCHVISION]} | {"mae", "dinov2", "davit", "torchvision_inception_v3"}
    names |= {"torchvision_densenet"}
    assert names >= set(layout_names())
    for name in layout_names():
        assert layout(name).title
