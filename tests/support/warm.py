"""The warm process of processes.py: it imports what drivers and workers import, then forks a child for each request."""

import gc
import logging
import os
import pickle
import runpy
import selectors
import signal
import socket
import sys
from importlib import import_module

import dask

from tests.support.databases import share_tables

MODULES = (
    "benchmark.cli.run", "benchmark.execution.runner", "benchmark.execution.execute", "benchmark.execution.cluster.engine",
    "results.tracking.experiment", "mlflow.store.tracking.sqlalchemy_store", "distributed.cli.dask_worker",
    "distributed.cli.dask_scheduler",
    # what these import when they need it
    "benchmark.cli.main", "benchmark.cli.query", "benchmark.execution.up_to_date", "benchmark.training.protocols.finetune",
    "results.board.board", "results.board.text", "results.tracking.snapshot", "results.tracking.predictions",
    "results.tracking.incremental", "results.report.build", "benchmark.cli.progress", "benchmark.execution.engine_catalogue",
    "mlflow.store.tracking.sqlalchemy_workspace_store", "alembic.command", "sqlalchemy.dialects.sqlite", "pyarrow.dataset",
    "codecarbon.emissions_tracker", "codecarbon.core.hardware_cache", "cpuinfo", "pycountry", "scipy.stats", "skimage.io",
    "sklearn.datasets", "sklearn.metrics",
)  # fmt: skip


def request(connection):
    """What the other side wants started, and the files of the child: stdout, stderr, and a connection to tell of it."""
    length = connection.recv(4, socket.MSG_WAITALL)
    if not length:
        sys.exit()  # the tests are over
    _, files, *_ = socket.recv_fds(connection, 1, 3)
    return pickle.loads(connection.recv(int.from_bytes(length, "little"), socket.MSG_WAITALL)), files


def serve(connection):
    """Fork a child for each request and tell of its pid and its exit code. Returns in the child alone: what it is to run."""
    children = {}
    woken, wakes = socket.socketpair()
    woken.setblocking(False)
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as either:
        either.register(connection, selectors.EVENT_READ)
        either.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in either.select()}
            if connection in ready:
                (arguments, folder, environment, own_session), (out, err, teller) = request(connection)
                pid = os.fork()
                if not pid:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for file in (connection, woken, wakes, *children.values()):
                        file.close()
                    become(folder, environment, out, err, own_session=own_session)
                    os.close(teller)
                    return arguments
                os.close(out), os.close(err)
                children[pid] = socket.socket(fileno=teller)
                children[pid].sendall(f"{pid:20}".encode())
            if woken in ready:
                woken.recv(4096)
                bury(children)


def bury(children):
    """Tell the exit code of each child that has ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with children.pop(pid) as teller:
            try:
                teller.sendall(f"{os.waitstatus_to_exitcode(status):20}".encode())
            except OSError:
                continue  # nobody asks for it any more


def become(folder, environment, out, err, *, own_session):
    """Make this process what a new one would be that was started there, with this environment and these files."""
    if own_session:
        os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1), os.dup2(err, 2)
    os.close(out), os.close(err)
    for name, number in (("stdout", 1), ("stderr", 2)):  # those of the warm process believe that they can seek
        setattr(sys, name, open(number, "w", encoding="utf-8", buffering=1 if name == "stderr" else -1, closefd=False))  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    dask.config.refresh()  # settings lie in the environment too
    more = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [folder, *(path for path in more if path and path not in sys.path)]


def main():
    from benchmark.machine.memory import large_pages
    from benchmark.machine.threads import wait_briefly

    wait_briefly()  # as the command does before it loads torch
    large_pages()
    share_tables()
    for module in MODULES:
        import_module(module)
    import_module("codecarbon.core.util").detect_cpu_model()  # kept for all children; a process of its own finds it out
    gc.collect()
    gc.freeze()
    return serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    kind, program, *rest = main()
    if program == "benchmark":
        logging.getLogger("distributed").setLevel(logging.WARNING)  # as the command asks before it imports Dask
    if kind == "-c":
        sys.argv = ["-c", *rest]
        exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [program, *rest]
        runpy.run_module(program, run_name="__main__", alter_sys=True)
