"""The warm process of this one, whose children are the processes of processes.py.

Importing all that drivers and workers need takes seven seconds of work. One process of a run of the tests does so, the root;
each process of pytest-xdist has a fork of the root for itself, which serves it alone and ends when it does.
"""

import atexit
import os
import pickle
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from tests.support.databases import PLACE
from tests.support.paths import ROOT

SERVE = "serve"  # asks for a warm process, not for a program


@dataclass(frozen=True)
class Server:
    """A warm process: where it listens, its number, and the root if this process has started that."""

    address: str
    pid: int
    root: subprocess.Popen | None


_server: list[Server] = []  # once it is needed


def address():
    """The address of the warm process of this one."""
    if not _server:
        _server.append(_served())
    return _server[0].address


def descendants():
    """All processes that this one has started, those that its warm process has forked too."""
    found = set(psutil.Process().children(recursive=True))
    for server in _server:
        if server.root:
            root = psutil.Process(server.root.pid)
            found -= {root, *root.children(recursive=True)}  # others have forks of the root too
        found.update(psutil.Process(server.pid).children(recursive=True))
    return found


def ask(warm, request, files):
    """Ask the warm process at an address for a fork: a connection that tells its pid, and its exit code when it has ended."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(warm)
        request = pickle.dumps(request)
        connection.sendall(len(request).to_bytes(4, "little"))
        socket.send_fds(connection, [b"."], files)
        connection.sendall(request)
    except OSError:
        connection.close()
        raise
    return connection


def _served():
    """A warm process for this one: a fork of the root, which is started if there is none."""
    folder = tempfile.TemporaryDirectory(prefix="warm-")
    name, note = f"{folder.name}/address", Path(os.environ[PLACE]) / "warm"
    here, there, listening = _ends(name)
    atexit.register(folder.cleanup)
    with there, listening, FileLock(note.with_suffix(".lock")):
        files, root = [there.fileno(), listening.fileno()], None
        forked = _forked(note, files)
        if forked is None:
            root, address = _root(folder.name)
            note.write_text(address)
            forked = _forked(note, files)
    connection, pid = forked

    def end():
        here.close()
        connection.recv(20)  # its exit code, or nothing if the root has ended

    atexit.register(end)
    return Server(name, pid, root)


def _ends(name):
    """A pair of sockets, of which one tells the holder of the other that it is closed; and one that listens at an address."""
    here, there = socket.socketpair()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(name)
    listening.listen(64)
    return here, there, listening


def _forked(note, files):
    """A fork of the root that a note tells of: the connection that tells of its end, and its pid; None if there is no root."""
    with suppress(OSError):
        connection = ask(note.read_text(), ([SERVE], "", {}, 0, []), files)
        if told := connection.recv(20):
            return connection, int(told)
        connection.close()
    return None


def _root(folder):
    """Start a root, which ends when this process does."""
    here, there, listening = _ends(name := f"{folder}/root")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CATS_", "MLFLOW_"))}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}  # a process with other threads cannot be forked
    with there, listening:
        files = [there.fileno(), listening.fileno()]
        command = [sys.executable, "-m", "tests.support.warm", *map(str, files)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=files, start_new_session=True)
    atexit.register(lambda: (here.close(), process.wait()))
    return process, name
