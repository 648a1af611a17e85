"""`cats ui` leaves no server behind, however it is ended, and starts none where it cannot be used."""

import os
import signal
import socket
import subprocess
from contextlib import closing

import psutil
import pytest

from benchmark.cli import ui
from tests.support import processes
from tests.support.odd_servers import says, server
from tests.support.servers import free_port

# In place of MLflow's server, which takes ten seconds to start: a process with a child that does not end at SIGTERM.
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
SERVER = f"""
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print('postgresql://me:hunter2@host/db', os.getpid(), child.pid, flush=True)
signal.pause()
"""
SERVING = """
import os, sys
if TERMINAL:
    os.open(TERMINAL, os.O_RDWR)  # the terminal of this session from now on
from benchmark.cli import ui
ui.PATIENCE_SECONDS = 0.5
sys.exit(ui._serve([sys.executable, '-c', SERVER], dict(os.environ), 1) or 0)
"""


@pytest.fixture
def serving():
    """Starts `cats ui` with another server; gives its process and the ids of all that runs for it."""
    started, streams = [], []

    def start(terminal=""):
        code = f"SERVER = {SERVER!r}\nTERMINAL = {terminal!r}\n{SERVING}"
        process = processes.start(["-c", code], stderr=subprocess.PIPE, start_new_session=True)
        line = process.stderr.readline()
        assert "hunter2" not in line
        ids = [int(word) for word in line.split()[1:]]
        started.extend([process.pid, *ids])
        streams.append(process.stderr)
        return process, ids

    yield start
    for stream in streams:
        stream.close()
    for pid in started:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.parametrize("names", ["INT", "TERM", "HUP", "QUIT", "HUP HUP", "INT INT TERM", "QUIT HUP"])
def test_a_signal_ends_the_server_and_its_children(serving, names):
    process, ids = serving()
    for name in names.split():
        process.send_signal(getattr(signal, f"SIG{name}"))
    assert process.wait(60) == 0
    assert [pid for pid in ids if alive(pid)] == []


@pytest.mark.slow
def test_a_closed_terminal_ends_the_server(serving):
    master, slave = os.openpty()
    process, ids = serving(os.ttyname(slave))
    os.close(slave)
    os.close(master)
    assert process.wait(60) == 0
    assert [pid for pid in ids if alive(pid)] == []


def test_a_server_that_ends_by_itself_is_said(serving, monkeypatch):
    assert ui._serve([processes.sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), free_port()) == 3


def test_a_taken_port_is_named_with_a_free_one(cats, tmp_path):
    (tmp_path / "mlflow.db").touch()
    with server(says(200)) as made:
        code, out, err = cats("ui", "--port", made.server_port)
    assert (code, out) == (2, "")
    near = int(err.rstrip().rpartition(" ")[2])
    assert err == (
        f"cats: port {made.server_port} cannot be used: Address already in use, perhaps by another `cats ui`, whose pages are "
        f"there; port {near} is free: --port {near}\n"
    )
    assert made.server_port < near < made.server_port + ui.NEAR
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        code, _, err = cats("ui", "--port", taken.getsockname()[1])
    assert (code, err.count("\n"), "another `cats ui`" in err) == (2, 1, False)


@pytest.mark.parametrize("content", [b"no database" * 20, None])
def test_a_file_that_is_no_database_starts_no_server(cats, tmp_path, monkeypatch, content):
    monkeypatch.setattr(subprocess, "Popen", None)  # a start of a process fails
    path = tmp_path / "mlflow.db"
    path.mkdir() if content is None else path.write_bytes(content)
    code, out, err = cats("ui", "--port", free_port())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"cats: the database {path} cannot be used: it is " in err
