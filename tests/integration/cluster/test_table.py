"""The table that a cluster makes is the one of a single process, bit by bit, whatever dies on the way."""

import signal
from contextlib import suppress

import psutil
import pytest

from results.tracking.cost_columns import unpacked
from tests.integration.cluster.driver import attempts, ended, said, started, table
from tests.integration.cluster.processes import waited_for
from tests.support.nursery import descendants
from tests.support.small_plan import FOR_EVER, small

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("decoded_once")]


def test_two_workers_make_the_same_table_though_one_is_killed(undisturbed, tmp_path, spawned):
    process = started(tmp_path, "--engine", "dask", "--workers", "2")
    waited_for(lambda: "\n2/8" in said(tmp_path), process)
    workers = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    workers[0].send_signal(signal.SIGKILL)
    ended(process, tmp_path)
    assert table(tmp_path, lost=(0, 1)) == undisturbed


def test_workers_started_by_hand_make_the_same_table(undisturbed, tmp_path, by_hand):
    for _ in range(2):
        by_hand.worker(OMP_NUM_THREADS="1")
    told = ended(started(tmp_path, "--engine", "dask", "--scheduler", by_hand.address), tmp_path)
    assert "8 made now, 0 attempts failed" in told
    assert table(tmp_path) == undisturbed


def seconds_since(before):
    """Processor time since `before`, seconds by process, of all processes that this one has started and that still run."""
    return sum(seconds - before.get(child, 0.0) for child, seconds in seconds_used().items())


def seconds_used():
    found = {}
    for child in descendants():
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            found[child] = sum(child.cpu_times()[:2])
    return found


@pytest.mark.parametrize("by", ["us", "hand"])
def test_a_stopped_driver_keeps_what_its_workers_have_in_hand_with_its_cost_and_the_next_one_goes_on(
    undisturbed, tmp_path, by_hand, by
):
    if by == "hand":
        for _ in range(2):
            by_hand.worker(OMP_NUM_THREADS="1")
    options = ["--scheduler", by_hand.address] if by == "hand" else ["--workers", "2"]
    process = started(tmp_path, "--engine", "dask", *options, plan=small(seeds=4, recipe={"epochs": FOR_EVER}))
    # all is done that ends by itself before two that do not
    waited_for(lambda: "4/16" in said(tmp_path) and "pretraining" in said(tmp_path), process)
    used = seconds_used()
    waited_for(lambda: seconds_since(used) > 2, process)  # both train, for about a second each
    process.send_signal(signal.SIGTERM)
    told = ended(process, tmp_path, 128 + signal.SIGTERM)
    assert "Resume with: cats run" in told
    assert "Error" not in told
    runs = attempts(tmp_path)
    stopped = runs[runs["status"] == "KILLED"]
    assert len(stopped) == 2
    for costs in unpacked(stopped["costs"]):
        assert sum(cost["seconds"] for cost in costs) > 0
    assert (stopped["kwh"] > 0).any()  # one at least has told itself, whatever else the machine has to do
    ended(started(tmp_path, *(["--engine", "dask", *options] if by == "hand" else [])), tmp_path)
    done = attempts(tmp_path).query("status == 'FINISHED'").set_index("key")
    assert {key: (done["test_auc"][key], done["val_loss"][key]) for key in undisturbed} == undisturbed
