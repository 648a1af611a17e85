"""Fixtures: plans of jobs, and a scheduler with workers that are started by hand, as processes."""

import json
import os
import subprocess
import sys
import time

import pytest

from benchmark.specs.job import jobs_of
from benchmark.specs.plan import load_plan
from tests.integration.cluster.driver import ended, started, table
from tests.support.paths import ROOT

PLAN = """
experiment: small
sources: [scratch]
targets: [ihc]
backbones: [test_resnet]
recipe: {{base: finetune, size: 16, epochs: 1}}
seeds: {seeds}
"""


@pytest.fixture
def jobs(tmp_path):
    """`jobs(seeds)`: one cell for each seed, as many of them at once as is said, of another target if one is named."""

    def of(seeds, pack=1, target="ihc"):
        path = tmp_path / "small.yaml"
        path.write_text(PLAN.format(seeds=seeds).replace("ihc", target))
        return jobs_of(load_plan(str(path)).cells(), "small", "DEU", pack)

    return of


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


@pytest.fixture
def by_hand(tmp_path):
    started = ByHand(tmp_path)
    yield started
    started.close()


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """A folder with what a single process has left that nobody disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATS_HOME", str(folder / "home"))
        ended(started(folder), folder)
    return folder


@pytest.fixture(scope="session")
def undisturbed(alone):
    return table(alone)
