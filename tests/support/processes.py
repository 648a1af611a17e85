"""Python processes that start at once: each is forked from a warm process, which has imported torch, MLflow and Dask already.

Tests of drivers and workers that are killed need processes of their own; they do not need the five seconds of imports that
each begins with. `start` takes what `subprocess.Popen` takes and returns what behaves like it. Where the start itself is
under test (other versions on the path, a library that must not be imported), use `subprocess`.

`forked_workers` does the same for what Dask starts: while the variable FORKS is set, processes that multiprocessing would
spawn are forks of the warm process too, in this process and in all that `start` has started.
"""

import os
import subprocess
import sys
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from multiprocessing import popen_spawn_posix, util
from pathlib import Path

import psutil

from tests.support import nursery

SCRIPT = """
import runpy, subprocess, sys
from tests.support import processes
real = subprocess.Popen
def started(command, **how):
    if command[0] != sys.executable or not how.keys() <= {"env", "stdin", "stdout", "stderr", "text"}:
        return real(command, **how)
    if "stderr" in how:
        return processes.Child(command[1:], how["env"])
    return processes.start(command[1:], **{name: how[name] for name in ("env", "stdout") if name in how})
subprocess.Popen = started
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""
FORKS = "CATS_TESTS_FORKS"  # names the address of the warm process that multiprocessing is to ask


class Process:
    """A fork of the warm process, with the methods of subprocess.Popen. Its output is text."""

    def __init__(self, arguments, connection, stdout, stderr):
        self.args, self.stdout, self.stderr, self.returncode = arguments, stdout, stderr, None
        self._connection = connection
        self.pid = int(connection.recv(20))

    def __del__(self):
        self._connection.close()

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


class Child:
    """A fork of this process, which has imported what it needs. As a child it can be waited for with what it has used.

    Its output is dropped, and what it says beside is to be read.
    """

    def __init__(self, arguments, environment):
        reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            self._run(arguments, environment, writing)
        os.close(writing)
        self.stderr, self.returncode = os.fdopen(reading), None

    def _run(self, arguments, environment, writing):
        from tests.support import warm

        code = 1
        try:
            warm.become(str(Path.cwd()), environment, os.getpgrp(), {1: os.open(os.devnull, os.O_WRONLY), 2: writing})
            warm.become_program(*arguments)
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        except BaseException:  # noqa: BLE001 - Python says the same and ends
            traceback.print_exc()
        warm.end(code)


def start(arguments, *, cwd=None, env=None, stdout=None, stderr=None, start_new_session=False):
    """`python` with these arguments (`-m module ...` or `-c code ...`), as subprocess.Popen would start it, in no time.

    `stdout`, `stderr`: a file, subprocess.PIPE, subprocess.DEVNULL, or None, which leaves them those of this process.
    `start_new_session`: os.killpg then finds all that it starts; with FORKS it is a new group of processes alone.
    """
    arguments = list(map(str, arguments))
    assert arguments[0] in {"-m", "-c"}
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
        group = 0 if start_new_session else os.getpgrp()
        connection = nursery.ask(address(), (arguments, str(cwd or Path.cwd()), dict(env or os.environ), group, []), files)
    for number in theirs:
        os.close(number)
    return Process([sys.executable, *arguments], connection, ends["stdout"], ends["stderr"])


def script(path, *arguments):
    """The arguments of `start` for a script: the modules that it starts, and says nothing to, are forks too.

    Those whose stderr it reads are forks of the script itself, which may ask what they have used.
    """
    return ["-c", SCRIPT, path, *arguments]


def run(arguments, *, timeout=None, **how):
    """As subprocess.run with `capture_output`."""
    process = start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
    try:
        out, err = process.communicate(timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def address():
    """The address of the warm process of this one, which ends when this one does, or of the one that FORKS names."""
    return os.environ.get(FORKS) or nursery.address()


class Forked(popen_spawn_posix.Popen):
    """What multiprocessing spawns, as a fork of the warm process."""

    def _launch(self, process_obj):
        super()._launch(process_obj)
        self._process = _forks.pop(self.pid)

    def poll(self, flag=os.WNOHANG):
        if self.returncode is None:
            self.returncode = self._process._code(0 if flag == os.WNOHANG else None)
        return self.returncode


_forks: dict[int, Process] = {}
_spawn, _Popen = util.spawnv_passfds, popen_spawn_posix.Popen


def _fork(path, command, numbers):
    """As multiprocessing.util.spawnv_passfds."""
    if "--multiprocessing-fork" not in command:
        return _spawn(path, command, numbers)
    arguments, numbers = list(map(os.fsdecode, command[command.index("-c") :])), sorted(set(numbers))
    request = (arguments, str(Path.cwd()), dict(os.environ), os.getpgrp(), numbers)
    process = Process(command, nursery.ask(os.environ[FORKS], request, [1, 2, *numbers]), None, None)
    _forks[process.pid] = process
    return process.pid


def fork_what_is_spawned():
    """From now on, what multiprocessing would spawn in this process is a fork of the warm process that FORKS names."""
    util.spawnv_passfds, popen_spawn_posix.Popen = _fork, Forked


@contextmanager
def forked_workers():
    """Workers that Dask starts, here and in processes of `start`, are forks of the warm process inside the block."""
    os.environ[FORKS] = address()
    fork_what_is_spawned()
    try:
        yield
    finally:
        util.spawnv_passfds, popen_spawn_posix.Popen = _spawn, _Popen
        del os.environ[FORKS]
