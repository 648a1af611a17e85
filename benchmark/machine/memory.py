"""Settings of memory allocation that make training on a CPU faster."""

import os
from collections.abc import Mapping, MutableMapping

MMAP_MAX, TRIM_THRESHOLD = -4, -1  # of mallopt, see malloc.h
LARGEST = 2**31 - 1


def large_pages(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let torch use large pages, unless the user has set the variable. Has no effect after torch has been imported."""
    environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def keep_memory(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell malloc to keep freed memory until the process ends, unless the user has tuned malloc. Returns whether it did.

    By default glibc maps memory for every large tensor and unmaps it right after use. The kernel then zeroes the pages in every
    step, which took a quarter of the time of MobileNetV2 at 224 pixels. Without glibc this function does nothing.
    """
    import ctypes  # only training needs it

    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in environ):
        return False
    try:
        tune = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(tune(MMAP_MAX, 0)) and bool(tune(TRIM_THRESHOLD, LARGEST))
