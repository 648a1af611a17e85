"""Recognise that memory does not suffice, and choose a smaller batch."""

import logging
from collections.abc import Callable

import torch

from benchmark.training import device_cache
from benchmark.training.graph import recording

log = logging.getLogger(__name__)

MESSAGES = (  # torch raises OutOfMemoryError only for its own allocators
    "DefaultCPUAllocator: can't allocate", "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "ALLOCATION_FAILED",  # the last one in codes of cuDNN 9
)  # fmt: skip
AMBIGUOUS = (
    "unable to find an engine to execute this computation",
    "CUBLAS_STATUS_NOT_INITIALIZED",
)  # little memory, or a fault
LITTLE = 0.05  # of a GPU's memory


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error means that a GPU, a library on it, or the CPU's allocator ran out of memory.

    Some errors of libraries mean this only if little memory is free.
    """
    if isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in MESSAGES):
        return True
    return any(words in str(error) for words in AMBIGUOUS) and _is_nearly_full()


def _is_nearly_full() -> bool:
    try:
        free, total = torch.cuda.mem_get_info()
    except (RuntimeError, AssertionError):  # a GPU that no longer answers, or a torch without CUDA
        return False
    return free < LITTLE * total


def _made_room() -> bool:
    """Give back the memory of what nothing uses now. Returns whether there was any such thing."""
    freed = device_cache.evict_unused()
    if torch.cuda.is_available():
        with recording:
            torch.cuda.empty_cache()
    return freed


def smaller_batch(tried: int, others_end: Callable[[], bool] = lambda: False) -> int:
    """The number of images for the next try of a forward pass after `tried` images did not fit into memory.

    It is the same number if unused images of other cells could be evicted from the device, or if `others_end()`, which may wait
    for other work, says that this has given its memory back.
    """
    if _made_room():
        log.info("memory does not suffice for %d images at once: cached images of other cells were removed first", tried)
        return tried
    if others_end():
        _made_room()  # of what they have left
        log.info("memory did not suffice for %d images at once beside other trainings: they have ended now", tried)
        return tried
    log.warning("memory does not suffice for %d images at once: %d from now on", tried, max(2, tried // 2))
    return max(2, tried // 2)
