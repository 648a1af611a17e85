"""Which machine this is, as its kernel knows it."""

import socket
from pathlib import Path


def kernel() -> str:
    """What tells this running kernel from every other one; containers of one machine have one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
