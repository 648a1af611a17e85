"""Format a figure with its interval, and describe the machine on which it was measured."""

import math
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version

import torch
from measuring.machine import model


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


def hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{model()}, {threads} thread{'s' if threads > 1 else ''}"


def versions() -> str:
    return ", ".join([f"python {platform.python_version()}", *(f"{name} {version(name)}" for name in ("torch", "timm"))])
