"""The processes of pytest-xdist as forks of the one that hands out the tests, which has imported all of them before.

Each would import them for itself otherwise, which is four fifths of the work that comes before its first test.
"""

import gc
import os
import sys
import warnings
import weakref
from contextlib import suppress
from importlib import import_module

import pytest
from execnet import gateway_io

from results.tracking.gc_pause import uncollected
from tests.support.databases import share_tables
from tests.support.frames import call_with_room
from tests.support.paths import ROOT


class Worker:
    """A fork of this process that does what execnet asks of `python -c`. It has what execnet uses of subprocess.Popen."""

    def __init__(self, others):
        reads, writes = os.pipe(), os.pipe()
        self.pid = os.fork()
        if not self.pid:
            for file in (reads[1], writes[0], *(each for other in others for each in other.files)):
                os.close(file)  # else a process whose other side has ended would not hear of it
            _become_worker(reads[0], writes[1])
        os.close(reads[0])
        os.close(writes[1])
        self.files = (reads[1], writes[0])
        self.stdin, self.stdout = os.fdopen(reads[1], "wb", 0), os.fdopen(writes[0], "rb")

    def wait(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self):
        os.kill(self.pid, 9)


def fork_workers(config, count):
    """Import all tests and make so many workers, which execnet gets when it starts its next ones."""
    _import_tests()
    workers: list[Worker] = []
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for _ in range(count):
            workers.append(Worker(workers))
    real = gateway_io.Popen2IOMaster.__init__

    def taken(self, args, execmodel):
        if not workers:  # one for another that has crashed
            return real(self, args, execmodel)
        self.popen = workers.pop(0)
        return gateway_io.Popen2IO.__init__(self, self.popen.stdin, self.popen.stdout, execmodel)

    gateway_io.Popen2IOMaster.__init__ = taken


def _import_tests():
    share_tables()
    with uncollected():
        for file in sorted(ROOT.glob("tests/**/test_*.py")):
            with (
                warnings.catch_warnings(),
                suppress(Exception, pytest.skip.Exception),
            ):  # the collection tries again, and says what is wrong
                warnings.simplefilter("error")
                import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    gc.freeze()


def _become_worker(reading, writing):
    """Do as `python -c` with execnet's first line, and end as Python does, but leave all objects where they are."""
    from tests.support.warm import end

    weakref.finalize._registry.clear()  # those of the process that hands out the tests are removed at its own end
    os.dup2(reading, 0)
    os.dup2(writing, 1)
    os.close(reading)
    os.close(writing)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    code = 1
    try:
        call_with_room(exec, eval(sys.stdin.readline()), {"__name__": "__main__"})
        code = 0
    finally:
        end(code)
