"""Versions, device and threads, which a record stores to say where and with what it was made."""

import platform
from functools import cache
from importlib.metadata import version

import torch

from benchmark.core.trainer_version import TRAINER
from benchmark.machine.commit import commit_of


def environment(device: str) -> dict[str, str]:
    """Versions, device, hardware, and the threads that the calling thread may use: a share if cells run side by side."""
    return {**_machine(device), "threads": str(torch.get_num_threads())}


@cache
def _machine(device: str) -> dict[str, str]:
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.processor() or platform.machine()
    commit = commit_of()
    return {
        "cats_bench": version("cats-bench"), "trainer": str(TRAINER), "python": platform.python_version(),
        "torch": torch.__version__, "timm": version("timm"), "device": device, "hardware": name,
        **({} if commit is None else {"commit": commit}),
    }  # fmt: skip
