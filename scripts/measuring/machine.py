"""The processor of this machine, as scripts name it beside what they have timed."""

import os
import platform
from pathlib import Path


def model() -> str:
    """The name of the processor where Linux says it, else that of its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def processor() -> str:
    """The name of the processor and the number of its cores."""
    return f"{model()}, {os.cpu_count()} cores"
