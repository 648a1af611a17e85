"""Versions, device and threads, which a record stores to say where and with what it was made."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import torch

from benchmark.core.trainer_version import TRAINER
from benchmark.machine.commit import commit_of


def environment(device: str) -> dict[str, str]:
    """Versions, device, hardware, and the threads that the calling thread may use: a share if cells run side by side."""
    return {**_machine(device), "threads": str(torch.get_num_threads())}


@cache
def _machine(device: str) -> dict[str, str]:
    commit = commit_of()
    return {
        "cats_bench": _version("cats-bench"), "trainer": str(TRAINER), "python": platform.python_version(),
        "torch": torch.__version__, "timm": _version("timm"), "device": device, "hardware": _hardware(device),
        **({} if commit is None else {"commit": commit}),
    }  # fmt: skip


def _version(package: str) -> str:
    """The version of a package; `unknown` for a copy that was never installed, such as a folder on a machine without pip."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _hardware(device: str) -> str:
    if not device.startswith("cuda"):
        return platform.processor() or platform.machine()
    try:
        return torch.cuda.get_device_name(device)
    except (RuntimeError, AssertionError):  # a GPU that no longer answers, or a torch without CUDA
        return "unknown"
