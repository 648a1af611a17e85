"""The number formats of a network: bf16 or fp32, for its training and for its predictions."""

import torch

from benchmark.networks.network import Network
from benchmark.specs.recipe import Recipe
from results.error import CatsError


def precision(network: Network, recipe: Recipe) -> torch.dtype:
    """The format in which a network trains on its device. `precision: auto` is bf16 where that is faster, else fp32.

    bf16 is faster on GPUs that support it, and on CPUs that multiply in bf16 (AMX or AVX-512) if layers are large: from about
    64 pixels on, or with a small stem. Raises CatsError if the recipe says bf16 and the GPU does not compute in it.
    """
    device = network.head.weight.device
    if recipe.precision == "fp32":
        return torch.float32
    if device.type == "cuda":
        with torch.cuda.device(device):  # torch asks the current device; emulated bf16 is slower than fp32
            able = torch.cuda.is_bf16_supported(including_emulation=False)
        if recipe.precision == "bf16" and not able:
            name = torch.cuda.get_device_name(device)
            raise CatsError(f"the recipe says precision: bf16, but {name} does not compute in bf16; write auto or fp32")
        return torch.bfloat16 if able else torch.float32
    if recipe.precision == "bf16":
        return torch.bfloat16
    able = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - there is no public function
    large = recipe.size >= 64 or network.arguments.get("stem") == "small"
    return torch.bfloat16 if device.type == "cpu" and able and large else torch.float32


def evaluation_precision(recipe: Recipe) -> torch.dtype:
    """The format of predictions and of frozen features: fp32 on every device, unless the recipe says `precision: bf16`.

    Weights are stored in fp32 in any case. In bf16 layers round them to eight significant bits, and their outputs too, by which
    probabilities of MobileNets change by up to 0.5 (docs/performance.md); a kept classifier computes in fp32.
    """
    return torch.bfloat16 if recipe.precision == "bf16" else torch.float32


def format_name(dtype: torch.dtype) -> str:
    """The name of a number format in records: float32 or bfloat16."""
    return str(dtype).removeprefix("torch.")


def autocast(device: torch.device, precise: torch.dtype) -> torch.autocast:
    """Autocast to bf16, or no autocast for fp32; weights stay fp32.

    For fp32 on a GPU this also switches off TF32, which torch uses in convolutions by default. It stays off, because the
    backward pass comes later.
    """
    if device.type == "cuda" and precise is torch.float32:
        torch.backends.cudnn.allow_tf32 = False
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precise is torch.bfloat16)
