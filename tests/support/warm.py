"""The warm process of nursery.py: it imports what drivers and workers import, then forks a child for each request."""

import atexit
import fcntl
import gc
import logging
import os
import pickle
import runpy
import selectors
import signal
import socket
import sys
import threading
import weakref
from contextlib import suppress
from importlib import import_module

import dask

from tests.support import nursery, processes
from tests.support.databases import know_revision, share_tables
from tests.support.frames import call_with_room

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
    "sklearn.datasets", "sklearn.metrics", "targets.ihc", "sources.digits", "PIL.Image",
    "benchmark.answers.run", "benchmark.answers.engines", "benchmark.answers.judged", "benchmark.answers.query",
    "benchmark.answers.page", "benchmark.answers.choose", "benchmark.choosing.choose", "benchmark.choosing.steps",
    "benchmark.execution.resolution",
    "benchmark.execution.detection", "benchmark.execution.budget.calibrate", "benchmark.machine.device",
    "benchmark.measures.fetching", "benchmark.measures.pair_scores", "benchmark.measures.score_process",
    "benchmark.models.keep", "benchmark.specs.plan_facts", "results.board.export", "results.board.page",
    "results.report.render", "results.report.whole", "results.tracking.failures", "results.tracking.log_board",
    "results.tracking.log_report", "results.tracking.registry", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "mlflow.store.artifact.artifact_repository_registry", "timm.optim", "dask.cli",
    "prometheus_client.asgi", "http.server",
)  # fmt: skip


def request(asking):
    """What the other side of a connection wants started, and the files of the child: stdout, stderr, and what it is to have."""
    length = int.from_bytes(asking.recv(4, socket.MSG_WAITALL), "little")
    _, files, *_ = socket.recv_fds(asking, 1, 64)
    return pickle.loads(asking.recv(length, socket.MSG_WAITALL)), files


def serve(ending, listening):
    """Fork a child for each request and tell of its pid and its exit code. Returns in the child alone.

    Returns:
        What the child is to run, and the sockets that it has to serve if it is to be a warm process itself.

    The other side of `ending` is closed when the tests are over.
    """
    children = {}
    woken, wakes = socket.socketpair()
    woken.setblocking(False)
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as any_of_them:
        for each in (ending, listening, woken):
            any_of_them.register(each, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in any_of_them.select()}
            if ending in ready:
                sys.exit()
            if listening in ready:
                teller, _ = listening.accept()
                (arguments, folder, environment, group, numbers), files = request(teller)
                pid = os.fork()
                if not pid:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    any_of_them.close()
                    for file in (ending, listening, woken, wakes, teller, *children.values()):
                        file.close()
                    if arguments == [nursery.SERVE]:
                        return arguments, files
                    become(folder, environment, group, dict(zip([1, 2, *numbers], files, strict=True)))
                    return arguments, []
                for file in files:
                    os.close(file)
                children[pid] = teller
                teller.sendall(f"{pid:20}".encode())
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


def become(folder, environment, group, files):
    """Make this process what a new one would be that was started there, with this environment and these files by number.

    `group`: its group of processes, 0 for one of its own; it stays in the one of the warm process if it may not join. One of
    its own is a session, too, unless the group is to be joined by forks of the warm process.
    """
    if not group and processes.FORKS not in environment:
        os.setsid()
    else:
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(0, group)
    weakref.finalize._registry.clear()  # those of the warm process, above all of torch's operators: all objects stay
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    aside = {number: fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, max(files) + 1) for number, file in files.items()}
    for file in files.values():
        os.close(file)
    for number, file in aside.items():
        os.dup2(file, number)
        os.close(file)
    for name, number in (("stdout", 1), ("stderr", 2)):  # those of the warm process believe that they can seek
        setattr(sys, name, open(number, "w", encoding="utf-8", buffering=1 if name == "stderr" else -1, closefd=False))  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    dask.config.refresh()  # settings lie in the environment too
    more = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [folder, *(path for path in more if path and path not in sys.path)]
    if processes.FORKS in environment:
        processes.fork_what_is_spawned()


def main():
    from benchmark.machine.cycles import look_seldom
    from benchmark.machine.memory import large_pages
    from benchmark.machine.threads import wait_briefly

    wait_briefly()  # as the command does before it loads torch
    large_pages()
    share_tables()
    for module in MODULES:
        import_module(module)
    # what follows is kept for all children; a process of its own finds it out
    import_module("benchmark.cli.main")
    import_module("benchmark.cli.commands").every_command()
    import_module("codecarbon.core.util").detect_cpu_model()
    import_module("sqlalchemy.orm").configure_mappers()
    know_revision()
    import_module("mlflow.store.db.utils")._get_latest_schema_revision()
    gc.collect()
    gc.freeze()
    look_seldom()  # as in the process of the tests
    arguments, files = [nursery.SERVE], sys.argv[1:]
    while arguments == [nursery.SERVE]:
        arguments, files = serve(*(socket.socket(fileno=int(number)) for number in files))
    return arguments


def become_program(kind, program, *rest):
    """Run what a new process was to run: `-c code ...` or `-m module ...`."""
    if program == "benchmark":
        logging.getLogger("distributed").setLevel(logging.WARNING)  # as the command asks before it imports Dask
    if kind == "-c":
        sys.argv = ["-c", *rest]
        exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [program, *rest]
        runpy.run_module(program, run_name="__main__", alter_sys=True)


def end(code):
    """End as Python does, but leave all objects where they are.

    Python would free what the warm process has imported, object by object. That takes half a second in each child, which has to
    copy all of this memory to write to it.
    """
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        call_with_room(become_program, *main())
    except SystemExit as stop:
        if not isinstance(stop.code, int | None):
            raise
        end(stop.code or 0)
    end(0)
