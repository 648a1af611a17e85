"""Entries of tiny encoders, each with a backbone of its own and random weights in a file."""

import argparse
import json
from functools import cache
from pathlib import Path

from tests.support.paths import ASSETS

INPUT = "mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]"


@cache
def weights(backbone: str, depth: int | None = None) -> bytes:
    """A file of random weights of a backbone, if need be with another number of blocks."""
    import torch
    from safetensors.torch import save

    from benchmark.machine.timm_import import timm

    with torch.random.fork_rng():
        torch.manual_seed(0)
        more = {} if depth is None else {"depth": depth}
        return save(timm.create_model(backbone, num_classes=0, **more).state_dict())


def entry(folder: Path, name: str, weights: str, backbone: str | None = None) -> None:
    """Write an entry of a source into the folder of entries."""
    own = f"backbone: {backbone}\n" if backbone else ""
    text = f"title: t\nlicence: l\ncitation: c\n{own}weights: {{{weights}}}\n"
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    (folder / "sources" / f"{name}.yaml").write_text(text)


def encoder(entries: Path, files: Path, name: str, backbone: str, depth: int | None = None) -> None:
    """An encoder with a backbone of its own, whose weights are a file in a folder of weights."""
    files.mkdir(parents=True, exist_ok=True)
    (files / f"{backbone}.{name}.safetensors").write_bytes(weights(backbone, depth))
    arguments = "" if depth is None else f", arguments: {{depth: {depth}}}"
    entry(entries, name, f"file: {name}, {INPUT}{arguments}", backbone)


def _state(backbone: str, arguments: dict) -> dict:
    """Weights by timm's names."""
    from benchmark.networks.timm_model import timm_model
    from tests.support.filled import filled_like

    return filled_like({key: value.shape for key, value in timm_model(backbone, arguments).state_dict().items()})


def _retfound(state: dict) -> dict:
    """The checkpoint of a masked autoencoder: an encoder, a decoder and an optimiser."""
    from tests.support.filled import filled_like

    decoder = {"mask_token": (1, 1, 16), "decoder_pos_embed": (1, 17, 16), "decoder_embed.weight": (16, 24)}
    decoder |= {"decoder_norm.weight": (16,), "decoder_pred.bias": (192,)}
    return {"model": state | filled_like(decoder), "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}, "epoch": 799,
            "args": argparse.Namespace(lr=0.1)}  # fmt: skip


def _clip(shapes: dict) -> dict:
    """A whole model of pictures and texts, of which the part for pictures is read."""
    from tests.support.filled import filled_like

    of_texts = {"logit_scale": (), "text_model.embeddings.token_embedding.weight": (16, 24)}
    return filled_like({f"vision_model.{key}": shape for key, shape in shapes.items()} | of_texts)


def published_layouts(entries: Path, files: Path) -> dict[str, str]:
    """Five encoders of five architectures in the layouts in which such weights are published: source → its backbone.

    The layout of one is stated in its entry; those of the others are found.
    """
    import torch
    from safetensors.torch import save_file

    from benchmark.machine.timm_import import declare_missing
    from tests.support.filled import filled_like

    declare_missing()
    from torchvision.models import mobilenet_v3_small

    cases = json.loads((ASSETS / "encoder_layouts.json").read_text(encoding="utf-8"))["cases"]
    small = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}
    gated = small | {"init_values": 1e-5, "mlp_ratio": 5.33334, "no_embed_class": True, "reg_tokens": 8}
    gated |= {"mlp_layer": "SwiGLUPacked", "act_layer": "silu"}
    theirs = mobilenet_v3_small().state_dict()
    made = {
        "tiny_clip": (
            "vit_base_patch16_clip_quickgelu_224",
            small,
            ".safetensors",
            _clip(cases["transformers_clip"]["shapes"]),
        ),
        "tiny_dinov2": ("vit_base_patch14_dinov2", small, ".bin", filled_like(cases["transformers_dinov2"]["shapes"])),
        "tiny_uni": ("vit_giant_patch14_224", gated, ".bin", _state("vit_giant_patch14_224", gated)),
        "tiny_retfound": ("vit_large_patch16_224", small, ".pth", _retfound(_state("vit_large_patch16_224", small))),
        "tiny_torchvision": ("mobilenetv3_small_100", {"bn_eps": 0.001}, ".pth", theirs),
    }
    files.mkdir(parents=True, exist_ok=True)
    for name, (backbone, arguments, ending, content) in made.items():
        place = files / f"{backbone}.{name}{ending}"
        (save_file if ending == ".safetensors" else torch.save)(content, place)
        more = {"tiny_retfound": ", pool: avg", "tiny_dinov2": ", layout: transformers_dinov2"}.get(name, "")
        entry(entries, name, f"file: {name}, {INPUT}, arguments: {json.dumps(arguments)}{more}", backbone)
    return {name: of[0] for name, of in made.items()}
