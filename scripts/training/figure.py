"""Format a figure with its interval, and describe the machine on which it was measured."""

import math
import platform
import statistics
import sys
from collections.abc import Sequence
from importlib.metadata import version

import torch
from measuring.machine import model

from results.text.counts import how_many


def interval(values: Sequence[float]) -> str:
    """Mean and its 95 % interval (Student's t)."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.4g}"
    return f"{mean:.4g} ± {half_of(values):.2g}"


def half_of(values: Sequence[float]) -> float:
    """Half of the width of the 95 % interval of the mean (Student's t) of two values or more."""
    from scipy import stats

    return float(stats.t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))


def printed_facts(device: torch.device) -> dict[str, str]:
    """Print the command, the hardware and the versions of this process; returns them by these names."""
    facts = {"command": " ".join(["python", *sys.argv]), "hardware": hardware(device), "versions": versions()}
    print(*(f"{name}: {value}" for name, value in facts.items()), sep="\n")
    return facts


def hardware(device: torch.device) -> str:
    """The name of the GPU, or of the processor with the number of threads of torch."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{model()}, {how_many(threads, 'thread')}"


def versions() -> str:
    """The versions of Python, torch and timm."""
    return ", ".join([f"python {platform.python_version()}", *(f"{name} {version(name)}" for name in ("torch", "timm"))])
