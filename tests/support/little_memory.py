"""A block in which little memory may be taken, so that what promises terabytes cannot get them by chance."""

import gc
import resource
from contextlib import contextmanager

import psutil

MARGIN = 700 * 2**20  # bytes that the block may take beyond what the process has


@contextmanager
def little_memory(margin=MARGIN):
    gc.collect()
    gc.freeze()  # what is left stays: the next block has less to search
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + margin, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
