"""Entries of encoders: what is published about them, and files in the layout in which each one is published, made small."""

import argparse
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmark.networks.conv_stem import ConvStem
from benchmark.networks.load import cached_backbone, choices_in, initial_network, weights_of
from benchmark.networks.matching import fitted
from benchmark.networks.network import Trained, build
from benchmark.networks.timm_model import timm_model
from benchmark.specs import catalogue
from benchmark.specs.backbones import timm_tag
from results.error import CatsError
from tests.support.filled import filled, filled_like
from tests.support.plans import source_start

TRANSFORMERS = json.loads(Path("tests/assets/encoder_layouts.json").read_text(encoding="utf-8"))["cases"]
# Parameters in millions and features by the models' cards; files of the hub have four bytes for each parameter.
PUBLISHED = {
    "dinov2": (86.6, 768),
    "dinov3": (85.7, 768),
    "clip": (86, 768),
    "siglip": (92.9, 768),
    "mae": (86, 768),
    "biomedclip": (86, 768),
    "rad_dino": (346 / 4, 768),
    "phikon2": (1213 / 4, 1024),
    "uni": (303.4, 1024),
    "uni2h": (681, 1536),
    "virchow2": (632, 2560),
    "h_optimus": (4540 / 4, 1536),
    "ctranspath": (27.5, 768),
    "retfound": (303.3, 1024),
    "retfound_oct": (303.3, 1024),
}
SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_network_of_an_entry_is_the_one_that_is_published(name):
    source = catalogue.source(name)
    with torch.device("meta"):
        model = build(source.backbone, Trained(arguments=source.weights.network_arguments))
    millions, features = PUBLISHED[name]
    assert sum(parameter.numel() for parameter in model.parameters()) / 1e6 == pytest.approx(millions, rel=0.005)
    assert model.num_features == features


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_entry_says_where_its_weights_are_had_and_how_its_images_were_normalised(name):
    source = catalogue.source(name)
    weights = source.weights
    assert source.licence
    assert source.citation
    assert source.images or name in {"siglip", "virchow2", "h_optimus"}
    if weights.timm:
        assert timm_tag(source.backbone, weights.timm).startswith(f"{source.backbone}.")
        return
    assert weights.mean
    assert weights.std
    assert bool(weights.hub) == bool(weights.revision) == bool(weights.hub_file)
    assert weights.hub or (source.backbone in weights.obtain and f".{weights.file}." in weights.obtain and weights.gate)


def test_images_that_an_encoder_has_seen_are_kept_from_it():
    seen = {name: set(catalogue.source(name).seen) for name in PUBLISHED}
    for target, encoder in (("chestmnist", "rad_dino"), ("octmnist", "retfound_oct"), ("chestxray14", "rad_dino")):
        assert catalogue.target(target).dataset.relatives in seen[encoder]
    assert catalogue.target("octmnist").dataset.relatives not in seen["retfound"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """`small(name)` makes the shipped entry small and gives the weights that its file is to hold, by timm's names.

    `small(name, content, ending)` then stores a file in the published layout; the start comes back.
    """
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    shipped = catalogue.source

    def make(name, content=None, ending=".bin"):
        entry = shipped(name)
        ratio = {"mlp_ratio": 4} if "mlp_ratio" in entry.weights.arguments else {}
        arguments = entry.weights.arguments | SMALL | ratio
        weights = entry.weights.model_copy(update={"arguments": arguments, "timm": False})
        if content is None:
            model = timm_model(entry.backbone, arguments)
            return filled_like({key: value.shape for key, value in model.state_dict().items()})
        stated = {"mean": (0.5,) * 3, "std": (0.5,) * 3} if weights.mean is None else {}
        entry = entry.model_copy(update={"weights": weights.model_copy(update=stated)})
        monkeypatch.setattr(catalogue, "source", lambda reference, where="": entry)
        path = tmp_path / f"{entry.backbone}.{weights.file}{ending}"
        (save_file if ending == ".safetensors" else torch.save)(content, path)
        for cache in (weights_of, cached_backbone):
            cache.cache_clear()
        return source_start(name, entry.backbone)

    yield make
    for cache in (weights_of, cached_backbone):
        cache.cache_clear()


def holds(start, state):
    ours = initial_network(start, 2, 0).backbone.state_dict()
    return ours.keys() == state.keys() and all(torch.equal(value, state[name]) for name, value in ours.items())


@pytest.mark.parametrize("name", ["uni", "uni2h", "virchow2", "h_optimus"])
def test_files_of_pathology_hold_timms_names(small, name):
    state = small(name)
    assert ("reg_token" in state) == (name != "uni")
    assert holds(small(name, state), state)


def test_virchow2_gives_the_class_token_and_the_mean_of_the_patches(small):
    state = small("virchow2")
    start = small("virchow2", state)
    backbone = initial_network(start, 2, 0).backbone.eval()
    images = filled("image", (2, 3, 32, 32))
    with torch.no_grad():
        tokens = backbone.forward_features(images)
        features = backbone(images)
    assert tokens.shape == (2, 1 + 4 + 16, 24)
    torch.testing.assert_close(features, torch.cat([tokens[:, 0], tokens[:, 5:].mean(dim=1)], dim=1))


def test_dinov3_gives_the_class_token_as_its_authors_do_and_not_the_mean_as_timm_does(small):
    backbone = initial_network(small("dinov3", small("dinov3")), 2, 0).backbone.eval()
    images = filled("image", (2, 3, 32, 32))
    with torch.no_grad():
        torch.testing.assert_close(backbone(images), backbone.forward_features(images)[:, 0])


@pytest.mark.parametrize("name", ["dinov2", "dinov3", "mae", "siglip", "clip"])
def test_files_of_timm_hold_timms_names(small, name):
    state = small(name)
    assert holds(small(name, state, ".safetensors"), state)


def test_the_file_of_biomedclip_holds_a_tower_of_timm_among_others(small):
    state = small("biomedclip")
    file = {f"visual.trunk.{key}": value for key, value in state.items()} | {"visual.head.proj.weight": torch.ones(4, 24)}
    file |= {"logit_scale": torch.ones(()), "text.transformer.embeddings.position_ids": torch.arange(4)[None]}
    start = small("biomedclip", file)
    assert holds(start, state)
    assert any("names that begin with 'visual.trunk.'" in sentence for sentence in choices_in(start))


@pytest.mark.parametrize("name", ["rad_dino", "phikon2"])
def test_files_of_transformers_hold_its_dinov2(small, name):
    case = TRANSFORMERS["transformers_dinov2"]
    start = small(name, filled_like(case["shapes"]), ".safetensors")
    backbone = initial_network(start, 2, 0).backbone.eval()
    with torch.no_grad():
        features = backbone(filled("image", (2, 3, 32, 32)))
    torch.testing.assert_close(features, torch.tensor(case["features"]), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "case"), [("clip", "transformers_clip"), ("clip", "open_clip"), ("siglip", "transformers_siglip")]
)
def test_files_of_other_programs_serve_the_entries_of_timm_as_well(small, name, case):
    case = TRANSFORMERS[case]
    backbone = initial_network(small(name, filled_like(case["shapes"]), ".pt"), 2, 0).backbone.eval()
    with torch.no_grad():
        features = backbone(filled("image", (2, 3, 32, 32)))
    torch.testing.assert_close(features, torch.tensor(case["features"]), atol=2e-5, rtol=1e-4)


MAE = {"mask_token": (1, 1, 16), "decoder_pos_embed": (1, 17, 16), "decoder_embed.weight": (16, 24)}
MAE |= {"decoder_blocks.0.attn.qkv.weight": (48, 16), "decoder_norm.weight": (16,), "decoder_pred.bias": (192,)}


@pytest.mark.parametrize("name", ["retfound", "retfound_oct"])
def test_checkpoints_of_retfound_hold_an_encoder_a_decoder_and_an_optimiser(small, name):
    state = small(name)
    optimiser = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]}
    file = {"model": state | filled_like(MAE), "optimizer": optimiser, "epoch": 799, "args": argparse.Namespace(lr=0.1)}
    start = small(name, file, ".pth")
    assert holds(start, state)
    backbone = initial_network(start, 2, 0).backbone.eval()
    images = filled("image", (2, 3, 32, 32))
    with torch.no_grad():
        mean = backbone.forward_features(images)[:, 1:].mean(dim=1)
        torch.testing.assert_close(backbone(images), mean)


def test_an_encoder_of_mae_that_was_fine_tuned_is_not_the_one_that_the_entry_names(small):
    """Fine-tuning replaces the norm of tokens by one of their mean, `fc_norm`, and has no decoder."""
    state = small("retfound")
    tuned = {key.replace("norm.", "fc_norm.") if key.startswith("norm.") else key: value for key, value in state.items()}
    with pytest.raises(CatsError, match="4 keys differ: missing norm.weight, unknown fc_norm.weight, "):
        initial_network(small("retfound", {"model": tuned}, ".pth"), 2, 0)
    model = timm_model("vit_large_patch16_224", SMALL | {"global_pool": "avg"})
    assert fitted(model, tuned, "tiny").note is None


SWIN = {"img_size": 64, "window_size": 4, "embed_dim": 16, "depths": (1, 1), "num_heads": (2, 2), "embed_layer": "ConvStem"}


def test_the_stem_of_ctranspath_is_three_convolutions():
    """Against the layers one by one, and the same weights in the layout of its authors, who reduce at the end of a stage."""
    model = timm_model("swin_tiny_patch4_window7_224", SWIN).eval()
    state = filled_like({key: value.shape for key, value in model.state_dict().items()})
    theirs = {key.replace("layers.1.downsample", "layers.0.downsample"): value for key, value in state.items()}
    theirs["layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(16, 16, dtype=torch.long)
    fit = fitted(model, {"module." + key: value for key, value in theirs.items()}, "tiny")
    model.load_state_dict(fit.state)
    assert fit.state.keys() == state.keys()
    x = images = filled("image", (2, 3, 64, 64))
    for number in (0, 3):
        x = torch.conv2d(x, state[f"patch_embed.proj.{number}.weight"], stride=2, padding=1)
        mean, variance, weight, bias = (
            state[f"patch_embed.proj.{number + 1}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        x = torch.relu(torch.batch_norm(x, weight, bias, mean, variance, False, 0.1, 1e-5, False))
    x = torch.conv2d(x, state["patch_embed.proj.6.weight"], state["patch_embed.proj.6.bias"]).permute(0, 2, 3, 1)
    x = torch.layer_norm(x, (16,), state["patch_embed.norm.weight"], state["patch_embed.norm.bias"])
    with torch.no_grad():
        torch.testing.assert_close(model.patch_embed(images), x, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("fields", [{"patch_size": 8}, {"embed_dim": 20}])
def test_a_stem_of_convolutions_for_other_patches_is_refused(fields):
    with pytest.raises(ValueError, match="ConvStem needs patches of 4 pixels and a width that 8 divides"):
        ConvStem(img_size=64, **fields)
