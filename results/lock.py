"""Locks of the kernel, which lets go of them when the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from results.witness import SQLITE, absolute


@contextmanager
def alone_at(uri: str) -> Iterator[None]:
    """Nobody else on this machine is in here with the same sqlite database; nothing happens with other servers.

    MLflow makes the tables of a new database step by step, and two processes that do so at once leave neither a database.
    The folder is what is locked: sqlite locks the file in its own way, and a folder needs no file more.
    """
    handle = None
    if uri.startswith(SQLITE):
        with suppress(OSError):  # no such folder, which MLflow will say, or a file system without locks
            handle = os.open(Path(absolute(uri).removeprefix(SQLITE)).parent, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
