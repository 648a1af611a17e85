"""Micro-batch fallback."""

import logging

import torch

from benchmark.training import device_cache

log = logging.getLogger(__name__)

MESSAGES = (  # torch has a class of error for its own allocators only
    "DefaultCPUAllocator: can't allocate", "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
)  # fmt: skip


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a GPU, a library on it, or the CPU's allocator had no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in MESSAGES)


def smaller_batch(tried: int) -> int:
    """How many images are to go through a network at once where memory did not suffice for so many.

    As many, if there were images on the shelf that nobody uses and whose memory is free now.
    """
    freed = device_cache.evict_unused()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if freed:
        log.info("memory does not suffice for %d images at once: those that were kept for other cells go first", tried)
        return tried
    log.warning("memory does not suffice for %d images at once: %d from now on", tried, max(2, tried // 2))
    return max(2, tried // 2)
