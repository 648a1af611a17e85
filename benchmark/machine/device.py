"""Where to train, and on how many threads."""

import torch

from benchmark.machine.threads import set_threads
from results.error import CatsError


def device_of(wish: str) -> torch.device:
    """`auto`, `cpu` or `cuda` as a device; whoever asks is about to work, so torch is given its threads.

    Raises CatsError if the device is not there.
    """
    if wish == "cuda" and not torch.cuda.is_available():
        raise CatsError("there is no CUDA device here; use --device cpu or auto")
    set_threads()
    return torch.device("cuda" if wish == "cuda" or (wish == "auto" and torch.cuda.is_available()) else "cpu")
