"""Runs one command in a forked child: imports are paid once, and time, memory and files are limited."""

import faulthandler
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20
MEMORY = 2**31  # bytes more than the process has when it is forked
FILE = 2**31  # bytes of one file


@dataclass(frozen=True)
class Outcome:
    """What became of one command. `signal`: what ended it, 0 if it ended by itself; `peak`: bytes more than it began with."""

    code: int
    signal: int
    out: str
    err: str
    seconds: float
    peak: int


@dataclass(frozen=True)
class Surroundings:
    """Where a child runs: its working directory, its variables, the encoding of its output (None: closed)."""

    folder: Path
    environment: Mapping[str, str]
    encoding: str | None = "utf-8"


def forked(work: Callable[[], int], surroundings: Surroundings, seconds: float = SECONDS, memory: int = MEMORY) -> Outcome:
    """Run `work` in a forked child, which returns the exit code, and wait for it."""
    files = [os.memfd_create(name) for name in ("out", "err")]
    sys.stdout.flush(), sys.stderr.flush()
    before, begun = _peak(), time.monotonic()
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # beside others a command takes longer
    pid = os.fork()
    if not pid:
        _live(work, surroundings, files, (seconds * crowd, memory))
    _, status, usage = os.wait4(pid, 0)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)  # whatever it has left behind
    ended = os.waitstatus_to_exitcode(status)
    out, err = (_content(file, surroundings.encoding or "utf-8") for file in files)
    peak = max(0, usage.ru_maxrss * 1024 - before)
    return Outcome(max(ended, 0), max(-ended, 0), out, err, time.monotonic() - begun, peak)


def _live(work: Callable[[], int], surroundings: Surroundings, files: list[int], limits: tuple[float, int]) -> None:
    """The whole life of the child; does not return."""
    code = 70
    try:
        _become(surroundings, files)
        _limit(*limits, files[1])
        code = work()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if isinstance(stop.code, str):
            sys.stderr.write(stop.code + "\n")
    except BaseException:  # noqa: BLE001 - as Python itself does at the end of a process
        os.write(files[1], traceback.format_exc().encode("utf-8", "backslashreplace"))
        code = 1
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:  # noqa: BLE001 - as above
        os.write(files[1], traceback.format_exc().encode("utf-8", "backslashreplace"))
        code = 120
    os._exit(code & 0xFF)


def _become(surroundings: Surroundings, files: list[int]) -> None:
    """Make the child what a new process would be there."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    for number, file in zip((1, 2), files, strict=True):
        os.dup2(file, number)
    if surroundings.encoding is None:
        os.close(1), os.close(2)
        sys.stdout = sys.stderr = None  # type: ignore[assignment] - as Python does
    else:
        for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
            raw = io.BufferedWriter(io.FileIO(number, "wb", closefd=False))
            setattr(sys, name, io.TextIOWrapper(raw, surroundings.encoding, errors, line_buffering=True))
    faulthandler.enable(files[1])
    os.chdir(surroundings.folder)
    os.environ.clear()
    os.environ.update(surroundings.environment)
    tempfile.tempdir = None  # the variables may name another one


def _limit(seconds: float, memory: int, errors: int) -> None:
    """Limit address space, files and time. The alarm writes where the child is, then ends it."""
    with Path("/proc/self/statm").open() as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    faulthandler.register(signal.SIGALRM, errors, chain=True)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _peak() -> int:
    """Bytes of memory that this process has now, which the child begins with."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _content(file: int, encoding: str) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb") as content:
        return content.read(10_000_000).decode(encoding, "surrogateescape")


def cats(arguments: tuple[str, ...]) -> int:
    """The command `cats` with these arguments, or the content of a data set. Returns the exit code."""
    from benchmark.cli import main as cli

    if arguments[0] == "@content":
        return _content_of(arguments[1])
    sys.argv = ["cats", *arguments]
    return cli.main() or 0


def _content_of(name: str) -> int:
    """Print digest, content (whatever the order) and number of a target's images, as JSON."""
    from hashlib import sha256

    import numpy as np

    from benchmark.data.decoded import load_images
    from benchmark.specs import catalogue
    from results.error import CatsError

    try:
        dataset = catalogue.target(name).dataset
        images = load_images(dataset, 16)
    except CatsError as error:
        sys.stderr.write(f"cats: {error}\n")
        return 2
    columns = (images.labels, images.ids, images.groups, images.parts)
    rows = sorted(
        json.dumps([np.asarray(column[n]).tolist() for column in columns]) + sha256(images.images[n].tobytes()).hexdigest()
        for n in range(len(images.ids))
    )
    content = sha256("\n".join(rows).encode()).hexdigest()
    sys.stdout.write(json.dumps({"digest": images.digest, "content": content, "images": len(images.ids)}) + "\n")
    return 0
