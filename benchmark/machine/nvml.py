"""Read the energy counter of an NVIDIA GPU: millijoules since its driver was loaded.

The counter is read by nvmlDeviceGetTotalEnergyConsumption of the package nvidia-ml-py, which codecarbon requires. Only whole
cards have a counter, from the generation Volta on.
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
SHORTEST = 1.0  # seconds; the counter is updated every 10 to 100 ms, so shorter periods are too inexact
MILLIJOULES = 3.6e9  # in a kWh


@dataclass(frozen=True)
class Reading:
    """A value of the counter and its time, seconds of a monotonic clock."""

    millijoules: int
    at: float


def reading(device: str) -> Reading | None:
    """Read the counter of a torch device ("cuda", "cuda:1"); None if it has no counter that can be read."""
    read = counter(device) if device.startswith("cuda") else None
    try:
        return None if read is None else Reading(read(), time.monotonic())
    except Exception:
        log.info("the energy counter of %s did not answer", device, exc_info=True)
        return None


def kwh_between(start: Reading | None, end: Reading | None) -> float | None:
    """Energy used between two readings; None if it is unknown, never 0.

    It is unknown if the counter did not change for a second, or went back because the driver was reloaded.
    """
    if start is None or end is None or end.at - start.at < SHORTEST or end.millijoules <= start.millijoules:
        return None
    return (end.millijoules - start.millijoules) / MILLIJOULES


@cache
def counter(device: str) -> Callable[[], int] | None:
    """Return a function that reads the counter of a torch device; None, with the reason in the log, if there is none."""
    try:
        pynvml = _library()
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


def watts(device: str) -> float | None:
    """Return the power of a torch device now, of which newer cards give the mean of about a second; None if it is unknown."""
    found = handle(device) if device.startswith("cuda") else None
    try:
        return None if found is None else found[0].nvmlDeviceGetPowerUsage(found[1]) / 1000
    except Exception as error:  # noqa: BLE001 - the library raises many classes of errors
        log.info("no power of %s: %s", device, error)
        return None


def processes(device: str) -> int:
    """Return how many processes compute on a torch device, this one among them; 1 where that is unknown."""
    found = handle(device) if device.startswith("cuda") else None
    try:
        running = [] if found is None else found[0].nvmlDeviceGetComputeRunningProcesses(found[1])
    except Exception as error:  # noqa: BLE001 - the library raises many classes of errors
        log.info("no processes on %s: %s", device, error)
        return 1
    return max(1, len({process.pid for process in running} | {os.getpid()}))


def handle(device: str) -> tuple[Any, Any] | None:
    """Return the library and its handle of a torch device; None if NVML does not know the card for certain."""
    try:
        pynvml = _library()
        return pynvml, _handle(pynvml, _index(device), os.environ)
    except Exception as error:  # noqa: BLE001 - the library raises many classes of errors
        log.info("NVML does not know %s for certain: %s", device, error)
        return None


@cache
def number(device: str) -> int | None:
    """Return NVML's number of a torch device, which codecarbon uses too; None if it is unknown."""
    if not device.startswith("cuda"):
        return None
    found = handle(device)
    try:
        return None if found is None else int(found[0].nvmlDeviceGetIndex(found[1]))
    except Exception as error:  # noqa: BLE001 - the library raises many classes of errors
        log.info("no number of %s: %s", device, error)
        return None


def card() -> str | None:
    """Return the UUID of the first GPU that this process sees; None if that is not certain. Does not import torch."""
    try:
        pynvml = _library()
        return str(pynvml.nvmlDeviceGetUUID(_handle(pynvml, 0, os.environ)))
    except Exception as error:  # noqa: BLE001 - the library raises many classes of errors
        log.info("no name of a GPU: %s", error)
        return None


def _library() -> Any:
    """NVML, ready to be asked. Raises ImportError without its package, and an error of its own where there is no driver."""
    pynvml = import_module("pynvml")
    pynvml.nvmlInit()
    return pynvml


def _index(device: str) -> int:
    """The index of the device among those that torch sees."""
    import torch

    index = torch.device(device).index
    return index if index is not None else torch.cuda.current_device() if torch.cuda.is_initialized() else 0


def _handle(pynvml: Any, index: int, environ: Mapping[str, str]) -> Any:
    """Return NVML's handle of the card with CUDA's number `index`. Raises LookupError if that is not certain."""
    cards = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    listed = environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(i) for i in range(len(cards))] if listed is None else [entry.strip() for entry in listed.split(",")]
    name = names[index] if index < len(names) else ""
    if name.isdecimal():
        # CUDA numbers the fastest card 0, NVML follows the bus: the numbers of unlike cards may differ.
        if environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID" and len({pynvml.nvmlDeviceGetName(card) for card in cards}) > 1:
            raise LookupError(
                "cards of several kinds may be numbered differently by CUDA and NVML; set CUDA_DEVICE_ORDER=PCI_BUS_ID"
            )
        matches = cards[int(name) : int(name) + 1]
    else:  # CUDA also accepts the beginning of a UUID
        matches = [card for card in cards if name.startswith("GPU-") and pynvml.nvmlDeviceGetUUID(card).startswith(name)]
    if len(matches) != 1:
        raise LookupError(f"CUDA_VISIBLE_DEVICES is {listed!r}, which does not identify one card as device {index}")
    if _sliced(pynvml, matches[0]):
        raise LookupError(f"device {index} is a slice of a card (MIG), whose counter includes its neighbours")
    return matches[0]


def _sliced(pynvml: Any, card: Any) -> bool:
    try:
        return bool(pynvml.nvmlDeviceGetMigMode(card)[0])
    except pynvml.NVMLError:  # a card that cannot be sliced
        return False
