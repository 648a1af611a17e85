"""Power cuts: a disk as it is in the moment in which the power goes, with everything lost that nobody has flushed.

Where this machine allows it the disk is an ext4 image behind a loop device: what its file holds while the driver is stopped is
what the disk would hold, and mounting a copy replays its journal. Elsewhere it is a double of the same disk at its worst: all
names are there, since any flush commits them, and files that were changed after their last flush are empty.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

FREE = ("mlflow.db",)  # sqlite flushes its database by itself, through the C library
# A driver that stops itself at some renames; it notes which files it has flushed, and in which state.
STOPPING = """
import os, runpy, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from tests.support.databases import FLUSH, hasten
if event.contains(Engine, "connect", hasten):  # sqlite waits for the disk here
    event.remove(Engine, "connect", hasten)
signs, every = Path(sys.argv.pop(1)), int(sys.argv.pop(1))
seen = 0
def stop(event, arguments):
    global seen
    if event == "os.rename":
        seen += 1
        if seen % every == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
def noted(handle):
    FLUSH(handle)
    state = os.fstat(handle)
    with open(signs, "a") as file:
        file.write(f"{state.st_ino} {state.st_size} {state.st_mtime_ns}\\n")
os.fsync = noted
sys.addaudithook(stop)
runpy.run_module("benchmark", run_name="__main__", alter_sys=True)
"""


class Ext4:
    """A disk in an image file, mounted at `folder`."""

    def __init__(self, folder: Path, scratch: Path, signs: Path) -> None:
        self.folder, self.scratch = folder, scratch
        self.image = scratch / "disk"
        with self.image.open("wb") as file:
            file.truncate(256 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self.image)], check=True)
        folder.mkdir()
        self.mount(self.image)

    def mount(self, image: Path) -> None:
        subprocess.run(["mount", "-o", "loop", str(image), str(self.folder)], check=True)

    def cut(self, number: int) -> Path:
        """What a power cut would leave now."""
        copy = self.scratch / f"cut-{number}"
        subprocess.run(["cp", "--sparse=always", str(self.image), str(copy)], check=True)
        return copy

    def restart(self, cut: Path) -> None:
        self.close()
        self.mount(cut)

    def close(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


class Double:
    """A folder, of which a cut is a copy without what was not flushed."""

    def __init__(self, folder: Path, scratch: Path, signs: Path) -> None:
        self.folder, self.scratch, self.signs = folder, scratch, signs
        folder.mkdir()

    def cut(self, number: int) -> Path:
        copy = self.scratch / f"cut-{number}"
        flushed = set(self.signs.read_text().splitlines()) if self.signs.exists() else set()

        def copied(source: str, target: str) -> str:
            state = Path(source).stat()
            shutil.copy2(source, target)
            if f"{state.st_ino} {state.st_size} {state.st_mtime_ns}" not in flushed and not Path(source).name.startswith(FREE):
                os.truncate(target, 0)
            return target

        shutil.copytree(self.folder, copy, copy_function=copied)
        return copy

    def restart(self, cut: Path) -> None:
        self.close()
        shutil.copytree(cut, self.folder)

    def close(self) -> None:
        shutil.rmtree(self.folder)


def loop_mounts(scratch: Path) -> bool:
    """Whether this machine lets us mount an ext4 image."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        return False
    with suppress(OSError, subprocess.CalledProcessError):
        Ext4(scratch / "trial", scratch, scratch).close()
        return True
    return False


def stopped(process) -> bool:
    """Wait until a driver has stopped itself; False if it has ended."""
    while process.poll() is None:
        with suppress(psutil.Error):
            if psutil.Process(process.pid).status() == psutil.STATUS_STOPPED:
                return True
        time.sleep(0.002)
    return False


def goes_on(process) -> None:
    process.send_signal(signal.SIGCONT)
