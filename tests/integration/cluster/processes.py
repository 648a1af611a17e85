"""A scheduler and workers that are started by hand, and waiting for what processes do."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from tests.support import processes as warm
from tests.support.paths import ROOT

# How often a scheduler looks for workers that are silent: it gives up those that were for this long and for ten heartbeats,
# which are five seconds and more than a busy machine makes a worker wait.
LOOK = "1s"
HOLDS = ("--preload", "tests.integration.cluster.holding")  # of a worker that is at work on its first job for some seconds


class ByHand:
    """`dask scheduler` and `dask worker` as a user would type them."""

    def __init__(self, folder, **environment):
        self.folder, self.processes, file = folder, [], str(folder / "file")
        self.scheduler = self.dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", file, **environment)
        self.address = json.loads(waited_for(lambda: written(folder / "file"), self.scheduler))["address"]

    def worker(self, *arguments, **environment):
        return self.dask("worker", self.address, "--nthreads", "1", "--host", "127.0.0.1", *arguments, **environment)

    def dask(self, *arguments, **environment):
        command = ["-m", "dask", *arguments, "--no-dashboard"]
        how = {"cwd": self.folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
        if before := environment.pop("before", ""):  # other versions on the path: a process that has imported none yet
            environment["PYTHONPATH"] = os.pathsep.join([before, str(ROOT)])
            process = subprocess.Popen([sys.executable, *command], env={**os.environ, **environment}, **how)
        else:
            process = warm.start(command, env={**os.environ, **environment}, **how)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what a nanny has started
            process.wait()


def written(path):
    return path.read_text() if path.exists() else ""


def waited_for(found, process, seconds=250):
    until = time.monotonic() + seconds
    while not (value := found()):
        assert process.poll() is None, "it ended"
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
    return value
