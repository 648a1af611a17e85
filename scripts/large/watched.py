"""Runs a command as a process and says what it took: seconds, CPU seconds, and the memory of it and of all that it starts."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

PAUSE = 0.1  # seconds between two looks at the memory


@dataclass(frozen=True)
class Taken:
    """Seconds of the wall and of the CPU; peak in MiB, without the pages of files that are mapped; what was said."""

    seconds: float
    cpu: float
    peak_mib: float
    said: str


def watched(command: list[str], environment: dict[str, str], folder: Path, allowed: tuple[int, ...] = (0,)) -> Taken:
    """Run a command in a folder. Ends this program, with what the command has said, if its exit code is not allowed."""
    begun = monotonic()
    child = subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    peak, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(PAUSE):
            peak[0] = max(peak[0], _memory(child.pid))

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    ended.set()
    looker.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in allowed:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{said}")
    return Taken(monotonic() - begun, used.ru_utime + used.ru_stime, peak[0], said)


def _memory(pid: int) -> float:
    """MiB of a process and of all that it has started, without pages of files, which the system can drop."""
    total = 0.0
    with suppress(psutil.Error):
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.Error, OSError):
                memory = process.memory_info()
                total += memory.rss - getattr(memory, "shared", 0)
    return total / 2**20
