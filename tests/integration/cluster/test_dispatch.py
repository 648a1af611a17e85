"""What becomes of jobs when a budget is short, a worker is taken back or has other images, and when all is stopped."""

import gc
import os
import signal
import threading
import time

import pytest
from distributed import Client

from benchmark.execution.budget.forecast import CostForecast
from benchmark.execution.budget.guard import Guard
from benchmark.execution.budget.history import History
from benchmark.execution.cluster import worker_pool
from benchmark.execution.cluster.engine import Dask
from benchmark.execution.dispatch import dispatcher
from benchmark.execution.engine import RunControl
from benchmark.specs.budget import Budget
from results.error import CatsError
from results.record import Energy
from tests.integration.cluster import works
from tests.integration.cluster.engines import all_of_them, notes, own
from tests.integration.cluster.processes import waited_for
from tests.support import fakes
from tests.support.outcomes import outcomes_of

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_jobs_that_take_less_than_expected_leave_room_for_others_that_a_budget_would_not_have_held(jobs):
    (one,) = outcomes_of(next(iter(jobs(1))), 0)
    dear = {"cpu": Energy(kwh=4e-3, provenance="modelled")}
    history = History()
    history.count(one.record.model_copy(update={"costs": (one.record.costs[0].model_copy(update={"energy": dear}),)}))
    guard, made = Guard(Budget(kwh=9.5e-3), forecast=CostForecast(history, "cpu", "DEU")), 0
    for some in own(works.key, 1).outcomes(jobs(40), RunControl(guard.admit)):
        for outcome in some:
            made += 1
            guard.count(outcome.record)
    assert made == 9
    assert "0.009 kWh spent and 0.001 kWh expected of the next job" in guard.close()


def test_what_waits_for_the_runner_when_all_is_stopped_is_given_to_it_and_nothing_begins_any_more(jobs):
    begun = []
    control = RunControl(lambda job: begun.append(job) or job)
    outcomes = own(works.key).outcomes(jobs(40), control)
    next(outcomes)
    while len(begun) < 40:
        time.sleep(0.05)
    control.stop_requested = True
    assert len(list(outcomes)) == 39


def wait_for_work(home, count, seconds=0.0):
    """Wait until so many workers have been at work for so many seconds."""
    while sum(time.time() - file.stat().st_mtime > seconds for file in home.glob("at-work-*")) < count:
        time.sleep(0.05)


def test_jobs_in_hand_when_all_is_stopped_tell_what_they_cost(jobs, home):
    control = all_of_them()
    outcomes = own(works.until_stopped).outcomes(jobs(3), control)
    assert next(notes(outcomes)) == 0
    wait_for_work(home, 2)
    control.stop_requested = True
    records = [outcome.record for some in outcomes for outcome in some]
    assert [(record.status, record.costs[0].seconds) for record in records] == [("interrupted", 7.0)] * 2
    assert all(record.costs[0].energy["cpu"].kwh for record in records)


def test_jobs_that_do_not_hear_the_end_are_recorded_with_their_time_and_without_energy(jobs, by_hand, home):
    for _ in range(2):
        by_hand.worker()
    control = all_of_them()
    began = time.monotonic()
    outcomes = Dask("cpu", by_hand.address, make=works.long).outcomes(jobs(3, pack=1), control)
    assert next(notes(outcomes)) == 0
    wait_for_work(home, 2, seconds=1.0)
    control.stop_requested = True
    records = [outcome.record for some in outcomes for outcome in some]
    passed = time.monotonic() - began
    assert [(record.status, record.reason) for record in records] == [("interrupted", "stopped by the user")] * 2
    assert {record.names["seed"] for record in records} == {"1", "2"}
    for record in records:
        assert 0 < record.costs[0].seconds <= passed
        assert record.costs[0].missing == ["cpu", "ram"]


def test_a_pack_whose_worker_dies_goes_on_cell_by_cell_so_that_one_fails_alone(jobs):
    records = [o.record for some in own(works.seed_or_death).outcomes(jobs(8, pack=4), all_of_them()) for o in some]
    assert sorted(record.names["seed"] for record in records if record.status == "finished") == list("0124567")
    (failed,) = [record for record in records if record.status == "failed"]
    assert (failed.names["seed"], failed.reason) == ("3", "killed its worker 3 times")


@pytest.mark.parametrize("how", [os.kill, os.killpg], ids=["its nanny", "all its processes"])
def test_a_worker_that_is_taken_back_is_no_death_of_its_job(jobs, by_hand, home, monkeypatch, how):
    monkeypatch.setattr(dispatcher, "MAX_DEATHS", 1)
    done = []
    engine = Dask("cpu", by_hand.address, make=works.until_let)
    thread = threading.Thread(target=lambda: done.extend(notes(engine.outcomes(jobs(1), all_of_them()))))
    thread.start()
    worker = by_hand.worker()
    wait_for_work(home, 1)
    how(worker.pid, signal.SIGTERM)
    worker.wait()
    (home / "let").touch()
    by_hand.worker()
    thread.join(120)
    assert done == [0]


MINE = """
dataset:
  title: pictures of one's own
  modality: noise
  task: binary
  classes: [left, right]
  licence: CC0-1.0
  citation: none
  tree: mine
  read: {folders: {classes: [left, right]}}
"""


@pytest.fixture
def elsewhere(tmp_path, home, monkeypatch):
    """A target for the driver, and a folder that holds other images of the same name."""
    (home / "entries" / "targets").mkdir(parents=True)
    (home / "entries" / "targets" / "mine.yaml").write_text(MINE)
    for folder in ("here", "elsewhere"):
        fakes.by_class(tmp_path / folder / "mine", ("left", "right"), "{}.png".format)
    monkeypatch.setenv("CATS_DATA", str(tmp_path / "here"))
    return str(tmp_path / "elsewhere")


def test_a_worker_with_other_images_says_so_and_gets_nothing_and_another_one_does_its_job(jobs, by_hand, elsewhere, caplog):
    by_hand.worker(CATS_DATA=elsewhere)
    records = []
    for some in Dask("cpu", by_hand.address).outcomes(jobs(2, target="mine"), RunControl(lambda job: by_hand.worker() and job)):
        records += [outcome.record for outcome in some]
    assert [record.status for record in records] == ["finished"] * 2
    assert caplog.text.count("its images of mine are not those of the driver; it gets no job") == 1


def test_where_all_workers_have_other_images_or_none_the_run_ends_with_one_sentence(jobs, by_hand, elsewhere, monkeypatch):
    monkeypatch.setattr(worker_pool, "INCOMPATIBLE_SECONDS", 1.0)
    by_hand.worker(CATS_DATA=elsewhere)
    outcomes = Dask("cpu", by_hand.address).outcomes(jobs(2, target="mine"), all_of_them())
    with pytest.raises(
        CatsError,
        match=r"none of the 1 connected workers can run jobs of this driver: worker tcp\S+: its images of mine are not",
    ):
        list(outcomes)


def test_energy_is_shared_while_two_work_on_one_machine_and_is_ones_own_else(jobs):
    costs = [outcome.record.costs[0] for some in own(works.side_by_side).outcomes(jobs(2), all_of_them()) for outcome in some]
    assert all(cost.shared and 0.45e-3 < cost.energy["cpu"].kwh < 1e-3 for cost in costs)
    alone = [outcome.record.costs[0] for some in own(works.key).outcomes(jobs(1), all_of_them()) for outcome in some]
    assert [(cost.shared, cost.energy["cpu"].kwh) for cost in alone] == [(False, 1e-3)]


@pytest.mark.parametrize("end", ["SIGKILL", "SIGCONT"])
def test_a_worker_that_is_silent_after_it_described_itself_holds_nobody_up(by_hand, monkeypatch, caplog, end):
    monkeypatch.setattr(worker_pool, "FETCH_SECONDS", 0.1)
    one = by_hand.worker("--no-nanny")
    with Client(by_hand.address, set_as_default=False) as client:
        pool = worker_pool.WorkerPool(client, "cpu", "token", shared_home=False)
        waited_for(lambda: pool.refresh() or pool._asked, one)
        (asked,) = pool._asked.values()
        waited_for(asked.done, one)
        one.send_signal(signal.SIGSTOP)
        assert pool.refresh() == []
        assert not pool.compatible
        one.send_signal(getattr(signal, end))
        if end == "SIGKILL":
            one.wait()
            by_hand.worker("--no-nanny")
        waited_for(lambda: pool.refresh() or pool.compatible, by_hand.scheduler)
    gc.collect()  # asyncio logs an error that nobody has asked for when its task is collected
    assert not [record for record in caplog.records if record.exc_info]
