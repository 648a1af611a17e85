"""Memory as training on a CPU wants it: had once, then kept."""

import ctypes
import os
from collections.abc import Mapping, MutableMapping

MMAP_MAX, TRIM_THRESHOLD = -4, -1  # of mallopt, see malloc.h
MOST = 2**31 - 1


def large_pages(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let torch ask for large pages, unless the user said otherwise. Has to come before torch is imported."""
    environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def keep_memory(environ: Mapping[str, str] = os.environ) -> bool:
    """Keep what was allocated until the process ends, unless the user tuned malloc. Returns whether that was done.

    glibc maps every large tensor anew and gives it back at once; filling its pages with zeros again in each step took a
    quarter of the time of MobileNetV2 at 224 pixels. Elsewhere than with glibc nothing happens.
    """
    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in environ):
        return False
    try:
        tune = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(tune(MMAP_MAX, 0)) and bool(tune(TRIM_THRESHOLD, MOST))
