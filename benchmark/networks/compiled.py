"""torch.compile of a backbone, for the training steps of a recipe that says `compile: true`."""

import os
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

from benchmark.core.paths import compiled_folder
from benchmark.networks.network import Network
from results.error import CatsError, first_line

BACKEND = "inductor"
CACHE = "TORCHINDUCTOR_CACHE_DIR"
VARIANTS = 64  # compiled versions of one module that torch keeps; beyond its default of 8 it silently runs others uncompiled


def compiled_forward(network: Network, size: int) -> Callable[[Tensor], Tensor]:
    """The forward pass of a network with its backbone compiled for batches of `size` images.

    Smaller batches, which occur where memory is short, use the network as it is: each shape would be compiled separately.
    Raises CatsError if torch.compile does not work on the network's device.
    """
    require_compiler(network.head.weight.device)
    backbone = torch.compile(network.backbone, dynamic=False, backend=BACKEND)

    def forward(images: Tensor) -> Tensor:
        if len(images) == size:
            return network.classify(network.features_through(backbone, images))
        return network.forward(images)

    return forward


@cache
def require_compiler(device: torch.device) -> None:
    """Compile a single layer, forward and backward. Raises CatsError if torch.compile does not work on this device."""
    from torch._dynamo import config
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    if os.environ.get(CACHE) in {None, default_cache_dir()}:  # importing torch sets the variable to its default
        # torch runs any code in this folder; another user could write to the default folder, which is in /tmp.
        os.environ[CACHE] = str(compiled_folder())
    config.recompile_limit = max(config.recompile_limit, VARIANTS)
    try:
        if config.disable:
            raise RuntimeError("TORCH_COMPILE_DISABLE switches it off")
        layer = torch.compile(nn.Linear(2, 2).to(device), backend=BACKEND)
        layer(torch.zeros(2, 2, device=device)).sum().backward()
    except Exception as error:  # a compiler may be missing or fail in many ways
        reason = getattr(error, "inner_exception", error)  # what torch reports begins with the name of the backend
        raise CatsError(
            f"the recipe says compile: true, but torch.compile does not work on device {device} of this machine "
            f"({first_line(reason)}); leave `compile` out of the recipe"
        ) from error
