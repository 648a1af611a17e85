"""Workers and drivers of a cluster that are killed, hang or are taken back while they make real cells: the table is the same.

CATS_KILLS=20 kills as many workers and as many drivers, each at a moment of its own, spread over the whole run.
"""

import itertools
import os
import random
import re
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from distributed import Client

from benchmark.execution.cluster import worker
from tests.integration.cluster.driver import attempts, ended, said, started, table
from tests.integration.cluster.processes import HOLDS, LOOK, ByHand, waited_for
from tests.support import processes
from tests.support.nursery import descendants

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("decoded_once")]
RECORDS = 9  # that a whole run leaves
KILLS = int(os.environ.get("CATS_KILLS", "2"))
SEED = os.environ.get("CATS_KILLS_SEED", "0")


def moments(who):
    """Records that are there, and a share of the time to the next: one moment out of each of as many parts of a run."""
    rng = random.Random(f"{who}, {SEED}")
    return [round((part + rng.random()) / KILLS * (RECORDS - 1), 2) for part in range(KILLS)]


@dataclass(frozen=True)
class Cluster:
    """A scheduler and workers that were started by hand, and a client that looks at them."""

    by_hand: ByHand
    client: Client
    home: Path

    @property
    def options(self):
        return "--engine", "dask", "--scheduler", self.by_hand.address

    def busy(self):
        """Addresses of the workers that are at work on a job."""
        return [each for each, keys in self.client.processing().items() if any(str(key).startswith("cats-") for key in keys)]

    def here(self):
        return list(self.client.nthreads())

    def pid(self, address):
        return self.client.run(os.getpid, workers=[address])[address]

    def named(self, name):
        """The address of a worker, if it is here."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        return next((address for address, told in workers.items() if told["name"] == name), None)

    def rest(self):
        """Wait until two workers are here that are idle."""
        inside = self.by_hand.scheduler
        waited_for(lambda: list(self.client.run(hands, on_error="ignore").values()) == [0, 0], inside)


def hands():
    """How many jobs a worker is at work on, whether or not anybody still asks for them."""
    return len(worker._running)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Two workers for all tests of this file; the scheduler gives one up that is silent for some seconds."""
    home = tmp_path_factory.mktemp("shared")
    by_hand = ByHand(tmp_path_factory.mktemp("cluster"), DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=LOOK)
    with processes.forked_workers():
        for _ in range(2):
            by_hand.worker(OMP_NUM_THREADS="1", CATS_HOME=str(home))
    with Client(by_hand.address, set_as_default=False) as client:
        yield Cluster(by_hand, client, home)
    by_hand.close()


@pytest.fixture
def cluster(shared, with_decoded, monkeypatch):
    """Its workers are at rest, and its home has decoded images alone."""
    shared.rest()
    shutil.rmtree(shared.home)
    with_decoded(shared.home)
    monkeypatch.setenv("CATS_HOME", str(shared.home))
    return shared


@pytest.fixture(scope="session")
def pace(alone):
    """Seconds between two records of two workers, about."""
    return attempts(alone)["seconds_training"].mean() / 2


def reached(process, folder, moment, pace, home):
    """Wait for a moment of a run; the next record ends that too."""
    records, share = divmod(moment, 1)

    def left():
        return len(re.findall(r"^\d/8 ", said(folder), re.MULTILINE))

    waited_for(lambda: left() >= records and (records or any(home.glob(".driver-*"))), process)
    until = time.monotonic() + share * pace
    while left() <= records and time.monotonic() < until:
        time.sleep(0.005)
    assert process.poll() is None, said(folder)


@pytest.mark.parametrize("moment", moments("workers"))
def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(undisturbed, cluster, tmp_path, pace, moment):
    process = started(tmp_path, *cluster.options)
    reached(process, tmp_path, moment, pace, cluster.home)
    os.kill(cluster.pid((cluster.busy() or cluster.here())[0]), signal.SIGKILL)
    assert "8 made now, 0 attempts failed" in ended(process, tmp_path)
    assert table(tmp_path, lost=(0, 1)) == undisturbed


def test_a_worker_that_hangs_is_given_up_and_its_late_result_counts_for_nothing(undisturbed, cluster, tmp_path):
    home = str(cluster.home)
    hanging = cluster.by_hand.worker("--no-nanny", "--name", "hanging", *HOLDS, OMP_NUM_THREADS="1", CATS_HOME=home)
    address = waited_for(lambda: cluster.named("hanging"), hanging)
    process = started(tmp_path, *cluster.options)
    waited_for(lambda: address in cluster.busy(), process)
    hanging.send_signal(signal.SIGSTOP)
    waited_for(lambda: address not in cluster.here(), process)
    hanging.send_signal(signal.SIGCONT)
    hanging.wait(timeout=250)  # it has heard that nobody knows it any more
    assert "8 made now, 0 attempts failed" in ended(process, tmp_path)
    assert table(tmp_path, lost=(1,)) == undisturbed


@pytest.mark.parametrize("by", ["SIGTERM", "SIGKILL"])
def test_a_cell_whose_worker_is_taken_back_three_times_is_made_and_one_whose_worker_dies_three_times_by_the_next_run(
    undisturbed, by_hand, home, tmp_path, by
):
    with Client(by_hand.address, set_as_default=False) as client:
        cluster = Cluster(by_hand, client, home)
        number = signal.Signals[by]
        one = by_hand.worker(OMP_NUM_THREADS="1")
        process = started(tmp_path, *cluster.options)
        waited_for(lambda: "\n2/8" in said(tmp_path), process)
        taken(one, cluster, number)
        made = set()
        for _ in range(3):  # each gets what the one before was at work on
            one = by_hand.worker(*HOLDS, OMP_NUM_THREADS="1")
            waited_for(cluster.busy, process)
            taken(one, cluster, number)
            made.add(said(tmp_path).count("finished"))
        assert len(made) == 1
        by_hand.worker(OMP_NUM_THREADS="1")
        if by == "SIGTERM":
            assert "8 made now, 0 attempts failed" in ended(process, tmp_path)
        else:
            assert "killed its worker 3 times" in ended(process, tmp_path, 1)
            assert "7 were done, 1 made now, 0 attempts failed" in ended(started(tmp_path, *cluster.options), tmp_path)
    lost = (2, 3) if by == "SIGKILL" else (3, 4)  # the first worker may have been between two jobs
    assert table(tmp_path, failed=int(by == "SIGKILL"), lost=lost) == undisturbed


def taken(one, cluster, number):
    """A worker with all its processes."""
    os.killpg(one.pid, number)
    one.wait()
    waited_for(lambda: not cluster.here(), cluster.by_hand.scheduler)


def frozen(process, before):
    """What a driver has started, and it starts no more."""
    process.send_signal(signal.SIGSTOP)
    return descendants() - before - {psutil.Process(process.pid)}


def lives(process):
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE  # nobody may be there to take note of its end
    return False


@pytest.mark.parametrize(("moment", "by"), [*zip(moments("drivers"), itertools.cycle(["hand", "us"]))])
def test_a_driver_killed_at_any_moment_leaves_no_worker_of_its_own_and_the_next_one_goes_on(
    undisturbed, cluster, tmp_path, pace, moment, by
):
    options = ("--engine", "dask", "--workers", "2") if by == "us" else cluster.options
    before = descendants()
    process = started(tmp_path, *options)
    reached(process, tmp_path, moment, pace, cluster.home)
    begun = frozen(process, before)
    workers = [each for each in begun if "resource_tracker" not in " ".join(each.cmdline())]
    assert len(workers) == (2 if by == "us" else 0)
    process.kill()
    process.wait()
    waited_for(lambda: not any(map(lives, begun)), cluster.by_hand.scheduler)
    told = ended(started(tmp_path, *options), tmp_path)
    assert "this run waits" not in told
    assert "0 attempts failed" in told
    assert table(tmp_path) == undisturbed
