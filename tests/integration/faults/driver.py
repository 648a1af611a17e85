"""Real drivers of a small plan, each in a process of its own, and the table of what they left."""

import os
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from results.tracking.experiment import Experiment
from tests.support import processes
from tests.support.small_plan import FOR_EVER, small

PLAN = small()
ENDLESS = small(recipe={"epochs": FOR_EVER})  # its third cell lasts until a user stops it
# A driver that is killed as it is about to rename a file so, or (one more) at what it renames next. From within, since some
# moments last less than a millisecond, which nobody who looks from outside can be sure to see.
DYING = """
import os, re, runpy, signal, sys
names, more = re.compile(sys.argv.pop(1)), int(sys.argv.pop(1))
seen = 0
def kill(event, arguments):
    global seen
    if event == "os.rename" and (seen or names.search(f"{arguments[0]} -> {arguments[1]}")):
        seen += 1
        if seen > more:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
runpy.run_module("benchmark", run_name="__main__", alter_sys=True)
"""


@dataclass
class Place:
    """A folder with a plan; the home of its drivers and their tracking server may lie elsewhere."""

    folder: Path
    text: str = PLAN
    uri: str = ""
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home = self.folder / "home"
        self.uri = self.uri or f"sqlite:///{self.folder / 'mlflow.db'}"
        self.write(self.text)

    def write(self, text: str) -> None:
        (self.folder / "small.yaml").write_text(text)

    def start(self, command="run", program=("-m", "benchmark")):
        """A driver that has just been started, its output still to come."""
        arguments = ["--device", "cpu"] if command == "run" else []
        return self.process([*program, command, "small.yaml", "--tracking-uri", self.uri, *arguments])

    def process(self, arguments):
        """A process in this place that has just been started."""
        return processes.start(
            arguments,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "CATS_HOME": str(self.home), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
        )

    def finish(self, command="run", code=0):
        """A driver from its start to its end; what it said."""
        return ended(self.start(command), code)

    def tracking(self):
        return Experiment(self.uri, "small", create=False)

    def runs(self):
        return self.tracking().frame()

    def table(self):
        """What the board is made of; after a look that nothing is there twice and nothing is left running."""
        runs = self.runs()
        assert "RUNNING" not in set(runs["status"])
        done = runs[runs["status"] == "FINISHED"].sort_values("key", ignore_index=True)
        assert max(Counter(done["key"]).values()) == 1
        return done[["key", "kind", "status", "test_auc", "val_loss"]]


def ended(process, *codes):
    """What a process said by its end; it may only end with one of these codes (else with 0)."""
    try:
        _, told = process.communicate(timeout=250)
    finally:
        process.kill()
    assert process.returncode in (codes or (0,)), told
    assert "Traceback" not in told, told
    return told


def heard(process, start):
    """Read what a driver says up to the line that begins like that."""
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith(start):
            return
    raise AssertionError(f"it ended before '{start}': {''.join(said)}")


def left(process, folder, pattern):
    """Wait until a driver has left something in a folder, or has ended."""
    while not any(folder.glob(pattern)) and process.poll() is None:
        time.sleep(0.001)


def killed(process):
    process.kill()
    process.communicate()


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
