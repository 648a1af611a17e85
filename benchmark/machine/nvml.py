"""The energy counter of an NVIDIA GPU, as its driver keeps it: millijoules since the driver was loaded.

nvmlDeviceGetTotalEnergyConsumption: Volta and later, whole cards only; package nvidia-ml-py, which codecarbon brings.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

log = logging.getLogger(__name__)
SHORTEST = 1.0  # seconds: the counter moves every 10 to 100 ms, so that a shorter window says little
MILLIJOULES = 3.6e9  # in a kWh


@dataclass(frozen=True)
class Reading:
    """What the counter said, and when (seconds of a monotonic clock)."""

    millijoules: int
    at: float


def reading(device: str) -> Reading | None:
    """The counter of a torch device ("cuda", "cuda:1") now; None if it has none, or if nobody can ask it."""
    read = counter(device) if device.startswith("cuda") else None
    try:
        return None if read is None else Reading(read(), time.monotonic())
    except Exception:
        log.info("the energy counter of %s did not answer", device, exc_info=True)
        return None


def kwh_between(start: Reading | None, end: Reading | None) -> float | None:
    """What was used from one reading to the other; None if that cannot be told, never 0.

    A counter that stands still for a second, or went back because the driver was loaded anew, tells nothing.
    """
    if start is None or end is None or end.at - start.at < SHORTEST or end.millijoules <= start.millijoules:
        return None
    return (end.millijoules - start.millijoules) / MILLIJOULES


@cache
def counter(device: str) -> Callable[[], int] | None:
    """What reads the counter of a torch device; None, with the reason in the log, if there is nothing to read."""
    try:
        pynvml = import_module("pynvml")
        pynvml.nvmlInit()
        handle = _handle(pynvml, _index(device), os.environ)
        read: Callable[[], int] = lambda: int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))  # noqa: E731
        read()
    except ImportError:
        log.info("no energy counter of %s: there is no package nvidia-ml-py", device)
    except Exception as error:
        log.info("no energy counter of %s: %s", device, error, exc_info=True)
    else:
        return read
    return None


@cache
def number(device: str) -> int | None:
    """By which number NVML knows a torch device, as codecarbon does; None where nobody can tell."""
    if not device.startswith("cuda"):
        return None
    try:
        pynvml = import_module("pynvml")
        pynvml.nvmlInit()
        return int(pynvml.nvmlDeviceGetIndex(_handle(pynvml, _index(device), os.environ)))
    except Exception as error:  # noqa: BLE001 - the library's own, whichever
        log.info("no number of %s: %s", device, error)
        return None


def card() -> str | None:
    """The UUID of the first GPU that this process sees, by whatever number; None where that is not certain. Loads no torch."""
    try:
        pynvml = import_module("pynvml")
        pynvml.nvmlInit()
        return str(pynvml.nvmlDeviceGetUUID(_handle(pynvml, 0, os.environ)))
    except Exception as error:  # noqa: BLE001 - the library's own, whichever
        log.info("no name of a GPU: %s", error)
        return None


def _index(device: str) -> int:
    """Which of the devices that torch sees."""
    import torch

    index = torch.device(device).index
    return index if index is not None else torch.cuda.current_device() if torch.cuda.is_initialized() else 0


def _handle(pynvml: Any, index: int, environ: Mapping[str, str]) -> Any:
    """NVML's handle of the card that CUDA counts as `index`. Raises LookupError where that is not certain."""
    cards = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    listed = environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(i) for i in range(len(cards))] if listed is None else [entry.strip() for entry in listed.split(",")]
    name = names[index] if index < len(names) else ""
    if name.isdecimal():
        # CUDA puts the fastest first, NVML goes by the bus: of unlike cards a number may mean another one.
        if environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID" and len({pynvml.nvmlDeviceGetName(card) for card in cards}) > 1:
            raise LookupError(
                "cards of several kinds have other numbers in CUDA than in NVML; set CUDA_DEVICE_ORDER=PCI_BUS_ID"
            )
        found = cards[int(name) : int(name) + 1]
    else:  # CUDA takes the beginning of a UUID too
        found = [card for card in cards if name.startswith("GPU-") and pynvml.nvmlDeviceGetUUID(card).startswith(name)]
    if len(found) != 1:
        raise LookupError(f"CUDA_VISIBLE_DEVICES is {listed!r}, which says of no one card that it is device {index}")
    if _sliced(pynvml, found[0]):
        raise LookupError(f"device {index} is a slice of a card (MIG), whose counter counts its neighbours too")
    return found[0]


def _sliced(pynvml: Any, card: Any) -> bool:
    try:
        return bool(pynvml.nvmlDeviceGetMigMode(card)[0])
    except pynvml.NVMLError:  # a card that cannot be sliced
        return False
