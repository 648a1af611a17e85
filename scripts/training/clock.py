"""Seconds of what a device does, to its end."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch


@dataclass
class Clock:
    """Seconds that something took."""

    seconds: float = 0.0


@contextlib.contextmanager
def finished(device: torch.device) -> Iterator[Clock]:
    """Times what is done within, to its end on the device."""
    clock = Clock()
    waited(device)
    start = time.perf_counter()
    try:
        yield clock
    finally:
        waited(device)
        clock.seconds = time.perf_counter() - start


def waited(device: torch.device) -> None:
    """Let the device finish what it has been given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
