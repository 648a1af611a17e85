"""The boot id of this machine, which all its containers share."""

import socket
from pathlib import Path


def boot_id() -> str:
    """The boot id of the running kernel; the host name where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
