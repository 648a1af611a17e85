"""The table that a cluster makes is the one of a single process, bit by bit, whatever dies on the way."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest

from results.spent import unpacked
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


def started(folder, *options, plan=PLAN):
    """`cats run` as a process; it writes to `small.db` in the folder, one thread for each worker."""
    (folder / "small.yaml").write_text(plan)
    return subprocess.Popen(
        [*CATS, "run", "small.yaml", "--device", "cpu", "--tracking-uri", f"sqlite:///{folder / 'small.db'}", *options],
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


@pytest.mark.parametrize("by", ["us", "hand"])
def test_a_stopped_driver_keeps_what_its_workers_have_in_hand_with_its_cost_and_the_next_one_goes_on(
    undisturbed, tmp_path, by_hand, by
):
    if by == "hand":
        for _ in range(2):
            by_hand.worker(OMP_NUM_THREADS="1")
    options = ["--scheduler", by_hand.address] if by == "hand" else ["--workers", "2"]
    process = started(tmp_path, "--engine", "dask", *options, plan=PLAN.replace("epochs: 2", "epochs: [0, 100000]"))
    said = ""
    for line in process.stderr:
        said += line
        if "4/16" in said and "pretraining" in said:  # all is done that ends by itself before two that do not
            break
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 128 + signal.SIGTERM, told
    assert "Resume with: cats run" in told
    assert "Error" not in told
    runs = Tracking(f"sqlite:///{tmp_path / 'small.db'}", "small", create=False).frame()
    stopped = runs[runs["status"] == "KILLED"]
    assert len(stopped) == 2
    for costs in unpacked(stopped["costs"]):
        assert sum(cost["seconds"] for cost in costs) > 0
    assert (stopped["kwh"] > 0).any()  # one at least has told itself, whatever else the machine has to do
    ended(started(tmp_path, *(["--engine", "dask", *options] if by == "hand" else [])))
    runs = Tracking(f"sqlite:///{tmp_path / 'small.db'}", "small", create=False).frame()
    done = runs[(runs["status"] == "FINISHED") & runs["key"].isin(undisturbed)]
    assert dict(zip(done["key"], done["test_auc"], strict=True)) == undisturbed
