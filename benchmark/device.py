"""Where to train."""

import torch

from results.error import CatsError


def device_of(wish: str) -> torch.device:
    """`auto`, `cpu` or `cuda` as a device. Raises CatsError if it is not there."""
    if wish == "cuda" and not torch.cuda.is_available():
        raise CatsError("there is no CUDA device here; use --device cpu or auto")
    return torch.device("cuda" if wish == "cuda" or (wish == "auto" and torch.cuda.is_available()) else "cpu")
