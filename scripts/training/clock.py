"""Measure how long work on a device takes, to its end."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch


@dataclass
class Clock:
    """The measured seconds."""

    seconds: float = 0.0


@contextlib.contextmanager
def finished(device: torch.device) -> Iterator[Clock]:
    """Measure the block, to the end of its work on the device."""
    clock = Clock()
    synchronise(device)
    start = time.perf_counter()
    try:
        yield clock
    finally:
        synchronise(device)
        clock.seconds = time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    """Wait until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
