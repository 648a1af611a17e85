"""The table that a cluster makes is the one of a single process, bit by bit, whatever dies on the way."""

import os
import signal
import subprocess
import sys
from collections import Counter

import psutil
import pytest

from results.tracking import Tracking

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(600)]
CATS = [sys.executable, "-m", "benchmark"]
PLAN = """
experiment: small
sources: [scratch, digits]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: finetune, size: 16, epochs: 2, batch_size: 32}
seeds: 4
subsample: {train: 60}
pretraining: {size: 16, epochs: 1}
"""


def started(folder, *options):
    """`cats run` as a process; it writes to `small.db` in the folder, one thread for each worker."""
    plan = folder / "small.yaml"
    plan.write_text(PLAN)
    return subprocess.Popen(
        [*CATS, "run", str(plan), "--device", "cpu", "--tracking-uri", f"sqlite:///{folder / 'small.db'}", *options],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0, told
    return told


def table(folder):
    """Key → score of every cell, after a look that none is there twice and none runs."""
    runs = Tracking(f"sqlite:///{folder / 'small.db'}", "small", create=False).frame()
    assert Counter(runs["kind"]) == {"cell": 8, "pretraining": 1}
    assert set(runs["status"]) == {"FINISHED"}
    cells = runs[runs["kind"] == "cell"]
    assert cells["key"].is_unique
    return dict(zip(cells["key"], cells["test_auc"], strict=True))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("local")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATS_HOME", str(folder / "home"))
        ended(started(folder))
    return table(folder)


def test_two_workers_make_the_same_table_though_one_is_killed(undisturbed, tmp_path):
    process = started(tmp_path, "--engine", "dask", "--workers", "2")
    for line in process.stderr:
        if line.startswith("2/8"):
            break
    workers = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    workers[0].send_signal(signal.SIGKILL)
    ended(process)
    assert table(tmp_path) == undisturbed


def test_workers_started_by_hand_make_the_same_table(undisturbed, tmp_path, by_hand):
    for _ in range(2):
        by_hand.worker(OMP_NUM_THREADS="1")
    told = ended(started(tmp_path, "--engine", "dask", "--scheduler", by_hand.address))
    assert "8 made now, 0 attempts failed" in told
    assert "Traceback" not in told
    assert table(tmp_path) == undisturbed
    runs = Tracking(f"sqlite:///{tmp_path / 'small.db'}", "small", create=False).frame()
    assert all(part.endswith(" (shared)") for text in runs["energy"] for part in text.split(";"))  # both see all of it
