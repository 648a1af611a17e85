"""Features of encoders by the programs that they were published for, to compare with what cats-bench makes of the same files.

python scripts/encoders/reference.py tests/assets/encoder_layouts.json

Needs transformers and open_clip_torch, which nothing else here needs. The networks are small. Their weights follow from names
and shapes, see tests/support/filled.py. What is written are the names and shapes as these programs write them into files, and
the features of two images.
"""

import json
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from benchmark.machine.timm_import import declare_missing
from tests.support.filled import filled, filled_like

declare_missing()  # transformers imports torchvision, whose compiled part may be missing
import transformers  # noqa: E402

SIDE = 32
SMALL = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": SIDE, "patch_size": 8}
TIMM = {"img_size": SIDE, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}


def of_transformers(kind, config, pooled):
    """Names and shapes of a model's file, and features after it was filled and read again."""
    with tempfile.TemporaryDirectory() as folder:
        kind(config).save_pretrained(folder)
        path = Path(folder) / "model.safetensors"
        shapes = {name: list(value.shape) for name, value in load_file(path).items()}
        save_file(filled_like(shapes), path, metadata={"format": "pt"})
        model = kind.from_pretrained(folder).eval()
    with torch.no_grad():
        return shapes, pooled(model(filled("image", (2, 3, SIDE, SIDE))))


def of_open_clip(vision):
    """The same for open_clip, whose files hold the names of its modules."""
    from open_clip.model import CLIP

    text = {"context_length": 4, "vocab_size": 16, "width": 16, "heads": 2, "layers": 1}
    model = CLIP(16, vision, text, quick_gelu=True).eval()
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    model.load_state_dict(filled_like(shapes))
    model.visual.proj = None  # the features of the tower, before the space that it shares with text
    with torch.no_grad():
        return shapes, model.visual(filled("image", (2, 3, SIDE, SIDE)))


def rounded(features):
    return [[round(number, 6) for number in row] for row in features.tolist()]


def main(path):
    t = transformers
    token = lambda output: output.last_hidden_state[:, 0]  # noqa: E731
    pooled = lambda output: output.pooler_output  # noqa: E731
    small_vit = t.ViTConfig(intermediate_size=96, layer_norm_eps=1e-6, **SMALL)
    registers = t.Dinov2WithRegistersConfig(mlp_ratio=4, num_register_tokens=4, **SMALL)
    clip = t.CLIPVisionConfig(intermediate_size=96, projection_dim=16, **SMALL)
    swiglu = {"mlp_ratio": 128 / 24, "mlp_layer": "SwiGLUPacked", "act_layer": "silu"}
    made = {
        "transformers_vit": ("vit_base_patch16_224", {}, of_transformers(t.ViTModel, small_vit, token)),
        "transformers_dinov2": (
            "vit_base_patch14_dinov2", {}, of_transformers(t.Dinov2Model, t.Dinov2Config(mlp_ratio=4, **SMALL), token),
        ),
        "transformers_dinov2, SwiGLU": (
            "vit_base_patch14_dinov2", swiglu,
            of_transformers(t.Dinov2Model, t.Dinov2Config(mlp_ratio=4, use_swiglu_ffn=True, **SMALL), token),
        ),
        "transformers_dinov2, registers": (
            "vit_base_patch14_reg4_dinov2", {}, of_transformers(t.Dinov2WithRegistersModel, registers, token),
        ),
        "transformers_dinov3": (
            "vit_small_patch16_dinov3_qkvb", {"global_pool": "token"},
            of_transformers(t.DINOv3ViTModel, t.DINOv3ViTConfig(intermediate_size=96, num_register_tokens=4, **SMALL), token),
        ),
        "transformers_clip": (
            "vit_base_patch16_clip_quickgelu_224", {},
            of_transformers(t.CLIPVisionModel, clip, pooled),
        ),
        "transformers_siglip": (
            "vit_base_patch16_siglip_224", {},
            of_transformers(t.SiglipVisionModel, t.SiglipVisionConfig(intermediate_size=96, **SMALL), pooled),
        ),
        "open_clip": (
            "vit_base_patch16_clip_quickgelu_224", {},
            of_open_clip({"layers": 2, "width": 24, "head_width": 12, "patch_size": 8, "image_size": SIDE}),
        ),
    }  # fmt: skip
    versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
    cases = {
        name: {"backbone": backbone, "arguments": TIMM | more, "shapes": shapes, "features": rounded(features)}
        for name, (backbone, more, (shapes, features)) in made.items()
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in cases.items())
    made = json.dumps(f"scripts/encoders/reference.py with {versions}")
    Path(path).write_text(f'{{"made": {made}, "cases": {{\n{lines}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
