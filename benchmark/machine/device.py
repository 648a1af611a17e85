"""The device, CPU or GPU, on which networks are trained: choose it, wait for it, find out whether it still works."""

import logging

import torch

from benchmark.machine.threads import set_threads
from results.error import CatsError, first_line

log = logging.getLogger(__name__)


def device_of(name: str) -> torch.device:
    """Return the torch device for `auto`, `cpu` or `cuda`, and set the number of torch's threads.

    On a GPU, cuDNN may from now on choose only among algorithms that give the same bits each time: some of its gradients of
    weights add numbers in the order in which they come. Raises CatsError if there is no such device.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise CatsError("there is no CUDA device here; use --device cpu or auto")
    set_threads()
    if name == "cpu" or not found:
        return torch.device("cpu")
    torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32 = True, False
    return torch.device("cuda")


def wait_for(device: str) -> None:
    """Wait until a GPU has done what the calling thread has asked of it; the CPU is never waited for.

    Raises the RuntimeError of work that failed there meanwhile.
    """
    if _in_use(device):
        torch.cuda.current_stream(device).synchronize()


def is_lost(device: str) -> bool:
    """Whether a GPU answers this process no more. After some errors of CUDA, nothing works there until the process ends."""
    if not _in_use(device):
        return False
    try:
        torch.cuda.synchronize(device)
    except RuntimeError as error:
        log.warning("device %s answers no more: %s", device, first_line(error))
        return True
    return False


def _in_use(device: str) -> bool:
    """Whether this process has asked a GPU for anything; asking whether it answers would load its driver."""
    return device.startswith("cuda") and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
