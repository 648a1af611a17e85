"""bf16 or fp32, and the small changes that make a network fast on a CPU without changing what it computes."""

import torch

from benchmark.networks.network import Network
from benchmark.specs.recipe import Recipe


def precision(network: Network, recipe: Recipe) -> torch.dtype:
    """What `precision: auto` means for this network here: bf16 where that is faster, else fp32.

    On a GPU with bf16: bf16. On a CPU only one gains that multiplies in bf16, by AMX or AVX-512, and only where layers are
    large: from about 64 pixels on, or with a small stem.
    """
    if recipe.precision != "auto":
        return torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    device = network.head.weight.device
    if device.type == "cuda":
        with torch.cuda.device(device):  # the question is about the current one; emulated, bf16 is slower than fp32
            return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    able = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - nothing public tells
    large = recipe.size >= 64 or network.arguments.get("stem") == "small"
    return torch.bfloat16 if device.type == "cpu" and able and large else torch.float32


def autocast(device: torch.device, precise: torch.dtype) -> torch.autocast:
    """bf16 autocast, or nothing for fp32; weights stay fp32 either way.

    On a GPU fp32 then is fp32 in convolutions too, for which torch takes TF32 unless told otherwise. That stays so, because a
    backward pass comes after it.
    """
    if device.type == "cuda" and precise is torch.float32:
        torch.backends.cudnn.allow_tf32 = False
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precise is torch.bfloat16)
