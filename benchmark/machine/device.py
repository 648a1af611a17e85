"""Chooses the device, CPU or GPU, on which networks are trained."""

import torch

from benchmark.machine.threads import set_threads
from results.error import CatsError


def device_of(name: str) -> torch.device:
    """Return the torch device for `auto`, `cpu` or `cuda`, and set the number of torch's threads.

    Raises CatsError if there is no such device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise CatsError("there is no CUDA device here; use --device cpu or auto")
    set_threads()
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")
