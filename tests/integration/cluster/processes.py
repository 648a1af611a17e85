"""A scheduler and workers that are started by hand, and waiting for what processes do."""

import json
import os
import subprocess
import sys
import time

from tests.support.paths import ROOT


class ByHand:
    """`dask scheduler` and `dask worker` as somebody would type them."""

    def __init__(self, folder, **environment):
        self.folder, self.processes, file = folder, [], str(folder / "file")
        self.scheduler = self.dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", file, **environment)
        self.address = json.loads(waited_for(lambda: written(folder / "file"), self.scheduler))["address"]

    def worker(self, *arguments, **environment):
        return self.dask("worker", self.address, "--nthreads", "1", "--host", "127.0.0.1", *arguments, **environment)

    def dask(self, *arguments, **environment):
        path = os.pathsep.join([environment.pop("before", ""), str(ROOT)]).strip(os.pathsep)
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
            env={**os.environ, "PYTHONPATH": path, **environment},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
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
