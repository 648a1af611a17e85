"""Python processes that start at once: each is forked from a warm process, which has imported torch, MLflow and Dask already.

Tests of drivers and workers that are killed need processes of their own; they do not need the five seconds of imports that
each begins with. `start` takes what `subprocess.Popen` takes and returns what behaves like it. Where the start itself is
under test (other versions on the path, a library that must not be imported), use `subprocess`.
"""

import atexit
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.paths import ROOT

_warm: list[socket.socket] = []  # the connection to the warm process of this one, once it is needed


class Process:
    """A fork of the warm process, with the methods of subprocess.Popen. Its output is text."""

    def __init__(self, arguments, connection, stdout, stderr):
        self.args, self.stdout, self.stderr, self.returncode = arguments, stdout, stderr, None
        self._connection = connection
        self.pid = int(connection.recv(20))

    def poll(self):
        return self._code(0)

    def wait(self, timeout=None):
        if self._code(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def _code(self, timeout):
        """Its exit code, or None if it has not ended within `timeout` seconds."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            with suppress(TimeoutError, BlockingIOError):
                self.returncode = int(self._connection.recv(20))
                self._connection.close()
        return self.returncode

    def communicate(self, timeout=None):
        texts = {}
        pipes = {name: pipe for name in ("stdout", "stderr") if (pipe := getattr(self, name)) is not None}
        readers = [threading.Thread(target=lambda n=n, p=p: texts.update({n: p.read()}), daemon=True) for n, p in pipes.items()]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout)
        for pipe in pipes.values():
            pipe.close()
        self.wait(timeout)
        return texts.get("stdout"), texts.get("stderr")

    def work(self, seconds):
        """Wait until it has used the processor for `seconds` more, however busy the machine is, or has ended."""
        with suppress(psutil.Error):
            begun = sum(psutil.Process(self.pid).cpu_times()[:2])
            while self.poll() is None and sum(psutil.Process(self.pid).cpu_times()[:2]) < begun + seconds:
                time.sleep(0.05)

    def send_signal(self, number):
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(15)

    def kill(self):
        self.send_signal(9)


def start(arguments, *, cwd=None, env=None, stdout=None, stderr=None, start_new_session=False):
    """`python` with these arguments (`-m module ...` or `-c code ...`), as subprocess.Popen would start it, in no time.

    `stdout`, `stderr`: a file, subprocess.PIPE, subprocess.DEVNULL, or None, which leaves them those of this process.
    """
    arguments = list(map(str, arguments))
    assert arguments[0] in {"-m", "-c"}
    if not _warm:
        _warm.append(_started())
    ends, theirs, files = {}, [], []
    with Path(os.devnull).open("r+") as nothing:
        for name, given, own in (("stdout", stdout, 1), ("stderr", stderr, 2)):
            ends[name] = None
            if given == subprocess.PIPE:
                reading, writing = os.pipe()
                ends[name] = os.fdopen(reading)
                files.append(writing)
                theirs.append(writing)
            else:
                number = nothing.fileno() if given == subprocess.DEVNULL else own if given is None else given.fileno()
                files.append(number)
        here, there = socket.socketpair()
        request = pickle.dumps((arguments, str(cwd or Path.cwd()), dict(env or os.environ), start_new_session))
        _warm[0].sendall(len(request).to_bytes(4, "little"))
        socket.send_fds(_warm[0], [b"."], [*files, there.fileno()])
        _warm[0].sendall(request)
    there.close()
    for number in theirs:
        os.close(number)
    return Process([sys.executable, *arguments], here, ends["stdout"], ends["stderr"])


def run(arguments, *, timeout=None, **how):
    """As subprocess.run with `capture_output`."""
    process = start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
    try:
        out, err = process.communicate(timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _started():
    """A new warm process, which ends when this one does."""
    here, there = socket.socketpair()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CATS_", "MLFLOW_"))}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}  # one that has begun a second thread cannot be forked
    command = [sys.executable, "-m", "tests.support.warm", str(there.fileno())]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[there.fileno()], start_new_session=True)
    there.close()
    atexit.register(lambda: (here.close(), process.wait()))
    return here
