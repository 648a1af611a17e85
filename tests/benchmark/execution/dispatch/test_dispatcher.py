"""The policy of engines with many workers, with workers that are names in memory."""

import math
import threading

import pytest

from benchmark.execution.budget.amounts import was_cut_off
from benchmark.execution.budget.forecast import CostForecast
from benchmark.execution.budget.guard import Guard
from benchmark.execution.budget.history import History
from benchmark.execution.dispatch import dispatcher
from benchmark.execution.dispatch.dispatcher import dispatch
from benchmark.execution.dispatch.transport import IncompatibleError, TransportLostError, WorkerDiedError
from benchmark.execution.engine import RunControl
from benchmark.execution.watch import Run
from benchmark.specs.budget import Budget
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from results.cost.amount import add, amount_of
from results.error import CatsError
from tests.support.memory_transport import MemoryTransport
from tests.support.outcomes import note_in, outcomes_of
from tests.support.plans import cells_of

LOST = "its worker was lost; the work was given out again"
PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"],
    "recipe": {"size": 16, "epochs": 0}, "pretraining": {"size": 16, "epochs": 0},
}  # fmt: skip


def jobs(seeds, pack=1, **changes):
    return jobs_of(cells_of(Plan(**PLAN | {"seeds": seeds} | changes)), "e", "NLD", pack)


def seeds(job):
    return [cell.seed for cell in job.cells]


def run_now(job, worker):
    return outcomes_of(job, seeds(job))


def run_later(job, worker):
    """The job runs until the test ends it."""


def everything():
    return RunControl(lambda job: job)


def records(results):
    return [outcome.record for outcomes in results for outcome in outcomes]


def in_background(generator):
    """A list that fills with the items of a generator, and the thread that fills it."""
    items = []
    thread = threading.Thread(target=lambda: items.extend(generator), daemon=True)
    thread.start()
    return items, thread


def ended(thread):
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_every_job_runs_once():
    transport = MemoryTransport(run_now, "a", "b", "c")
    notes = [note_in(outcomes) for outcomes in dispatch(jobs(150), everything(), transport)]
    assert sorted(notes) == [[seed] for seed in range(150)]


def test_a_worker_has_one_job_at_a_time_and_gets_the_next_when_it_is_free():
    transport = MemoryTransport(run_later, "a", "b")
    results, thread = in_background(dispatch(jobs(5), everything(), transport))
    for left in (2, 2, 2, 2, 1):
        running = transport.wait_for(left)
        assert len({worker for _, _, worker in running}) == len(running) == left
        transport.end(running[0][0], outcomes_of(running[0][1]))
    ended(thread)
    assert len(results) == 5


def test_jobs_that_need_a_pretraining_start_after_it():
    begun = []

    def run(job, worker):
        begun.append("pretraining" if job.start else "cell")
        return outcomes_of(job)

    list(dispatch(jobs(3, sources=["digits"], allow_leakage=True), everything(), MemoryTransport(run, "a", "b")))
    assert begun == ["pretraining", "cell", "cell", "cell"]


def test_an_error_of_a_job_is_its_outcome_and_stops_no_other():
    errors = {1: CatsError("no such file"), 2: ValueError("k is too large")}
    transport = MemoryTransport(lambda job, worker: errors.get(job.cells[0].seed) or run_now(job, worker), "a")
    found = {
        record.names["seed"]: (record.status, record.reason) for record in records(dispatch(jobs(4), everything(), transport))
    }
    assert found["1"] == ("failed", "no such file")
    assert found["2"] == ("failed", "ValueError: k is too large")
    assert [found[seed][0] for seed in "03"] == ["finished"] * 2


def test_a_job_during_which_three_workers_die_fails_and_each_attempt_tells_its_time(caplog):
    transport = MemoryTransport(run_later, *"abcde")
    results, thread = in_background(dispatch(jobs([3]), everything(), transport))
    for _ in range(3):
        ((_, _, worker),) = transport.wait_for(1)
        transport.lose(worker)
    ended(thread)
    *lost, record = records(results)
    assert [(each.status, each.reason) for each in lost] == [("interrupted", LOST)] * 2
    assert (record.status, record.reason) == ("failed", "killed its worker 3 times")
    amounts = [add(amount_of(cost.model_dump()) for cost in each.costs) for each in (*lost, record)]
    assert all(amount.seconds > 0 and amount.kwh is None and amount.missing for amount in amounts)
    assert all(was_cut_off([cost.model_dump() for cost in each.costs], each.status) for each in (*lost, record))
    assert caplog.text.count("was lost while it ran scratch → ihc, test_resnet, seed 3, which is given out again") == 2


def test_a_worker_that_retires_is_no_death_of_its_job(caplog):
    transport = MemoryTransport(run_later, *"abcde")
    results, thread = in_background(dispatch(jobs([3]), everything(), transport))
    for _ in range(4):
        ((_, _, worker),) = transport.wait_for(1)
        transport.lose(worker, retired=True)
    ((task, job, _),) = transport.wait_for(1)
    transport.end(task, outcomes_of(job))
    ended(thread)
    *lost, record = records(results)
    assert {(each.status, each.reason) for each in lost} == {("interrupted", LOST.replace("was lost", "has left"))}
    assert (len(lost), record.status) == (4, "finished")
    assert caplog.text.count("has left while it ran scratch") == 4


def test_a_worker_that_vanishes_without_a_word_is_noticed_at_the_next_refresh():
    transport = MemoryTransport(run_later, "a", "b")
    results, thread = in_background(dispatch(jobs([3]), everything(), transport))
    ((task, _, worker),) = transport.wait_for(1)
    with transport.begun:
        transport.left[worker] = False
        assert transport.begun.wait_for(lambda: len(transport.tasks) == 1 and task not in transport.tasks, timeout=60)
    assert transport.cancelled == [task]
    ((task, job, other),) = transport.wait_for(1)
    assert other != worker
    transport.end(task, outcomes_of(job))
    ended(thread)
    assert [record.status for record in records(results)] == ["interrupted", "finished"]


def test_cells_side_by_side_whose_worker_dies_run_one_by_one_so_that_one_fails_alone():
    workers = [str(number) for number in range(9)]

    def run(job, worker):
        if 3 in seeds(job):
            transport.left[worker] = False
            return WorkerDiedError()
        return run_now(job, worker)

    transport = MemoryTransport(run, *workers)
    found = records(dispatch(jobs(8, pack=4), everything(), transport))
    assert sorted(record.names["seed"] for record in found if record.status == "finished") == list("0124567")
    (failed,) = [record for record in found if record.status == "failed"]
    assert (failed.names["seed"], failed.reason) == ("3", "killed its worker 3 times")
    lost = [record for record in found if record.given_out_again]
    assert sorted(record.names["seed"] for record in lost) == list("012333")  # once side by side, and seed 3 twice alone
    together = [record.costs[0].seconds for record in lost[:4]]
    assert len(set(together)) == 1
    assert math.fsum(together) == pytest.approx(lost[0].ended - lost[0].started, rel=1e-3)


def test_an_incompatible_worker_gets_no_job_any_more_and_another_one_runs_its_job(caplog):
    def run(job, worker):
        return IncompatibleError("its images of ihc are not those of the driver") if worker == "a" else run_now(job, worker)

    transport = MemoryTransport(run, "a", "b")
    assert len(list(dispatch(jobs(6), everything(), transport))) == 6
    assert transport.excluded == {"a": "worker a: its images of ihc are not those of the driver"}
    assert caplog.text.count("worker a: its images of ihc are not those of the driver; it gets no job") == 1


def test_a_worker_that_connects_later_gets_jobs_too():
    transport = MemoryTransport(run_later, "a")
    results, thread = in_background(dispatch(jobs(2), everything(), transport))
    transport.wait_for(1)
    transport.arriving.append("b")
    for task, job, _ in transport.wait_for(2):
        transport.end(task, outcomes_of(job))
    ended(thread)
    assert len(results) == 2


def test_a_lost_transport_ends_the_run(monkeypatch):
    monkeypatch.setattr(dispatcher, "STOP_SECONDS", 0.1)
    transport = MemoryTransport(lambda job, worker: TransportLostError("the scheduler is gone"), "a")
    with pytest.raises(TransportLostError, match="the scheduler is gone"):
        list(dispatch(jobs(3), everything(), transport))


def test_an_error_of_a_refresh_ends_the_run_and_cancels_what_runs(monkeypatch):
    monkeypatch.setattr(dispatcher, "STOP_SECONDS", 0.1)
    transport = MemoryTransport(run_later, "a")
    transport.fault = CatsError("none of the 1 connected workers can run jobs of this driver")
    with pytest.raises(CatsError, match="none of the 1 connected workers"):
        list(dispatch(jobs(3), everything(), transport))
    assert transport.tasks == {}


def test_what_is_not_admitted_starts_when_enough_is_booked():
    """Only one unbooked job fits into this budget."""
    unbooked = 0

    def admit(job):
        nonlocal unbooked
        if unbooked:
            return None
        unbooked += 1
        return job

    done = 0
    for _ in dispatch(jobs(6), RunControl(admit), MemoryTransport(run_now, "a", "b")):
        done, unbooked = done + 1, 0
    assert done == 6


def test_nothing_starts_that_is_not_admitted_and_the_run_ends():
    transport = MemoryTransport(run_now, "a", "b")
    assert list(dispatch(jobs(6), RunControl(lambda job: None), transport)) == []
    assert next(transport._numbers) == 0


def test_the_rest_of_a_job_that_was_admitted_in_part_runs_later():
    control = RunControl(lambda job: dispatcher.replace(job, cells=job.cells[:1]))
    notes = [note_in(outcomes) for outcomes in dispatch(jobs(3, pack=3), control, MemoryTransport(run_now, "a"))]
    assert sorted(notes) == [[0], [1], [2]]


def test_a_retry_is_not_admitted_again():
    asked = []
    control = RunControl(lambda job: asked.append(job.key) or job)
    transport = MemoryTransport(run_later, "a", "b")
    results, thread = in_background(dispatch(jobs([3]), control, transport))
    ((_, _, worker),) = transport.wait_for(1)
    transport.lose(worker)
    ((task, job, _),) = transport.wait_for(1)
    transport.end(task, outcomes_of(job))
    ended(thread)
    assert (len(asked), len(results)) == (1, 2)


def test_energy_is_shared_while_two_jobs_run_on_one_machine():
    transport = MemoryTransport(run_later, "a", "b")
    results, thread = in_background(dispatch(jobs(2), everything(), transport))
    for task, job, _ in transport.wait_for(2):
        transport.end(task, outcomes_of(job))
    ended(thread)
    costs = [record.costs[0] for record in records(results)]
    assert all(cost.shared and 0 < cost.energy["cpu"].kwh < 1e-3 for cost in costs)
    alone = dispatch(jobs(1), everything(), MemoryTransport(run_now, "a"))
    assert [record.costs[0].energy["cpu"].kwh for record in records(alone)] == [1e-3]


def test_after_a_stop_nothing_starts_and_jobs_that_do_not_end_are_recorded_with_their_time_alone(monkeypatch):
    monkeypatch.setattr(dispatcher, "STOP_SECONDS", 0.2)
    control, transport = everything(), MemoryTransport(run_later, "a", "b")
    results, thread = in_background(dispatch(jobs(5), control, transport))
    (first, job, _), _ = transport.wait_for(2)
    monkeypatch.setattr(
        transport,
        "interrupt",
        lambda tasks, workers, seconds: transport.end(first, outcomes_of(job, status="interrupted")) or {},
    )
    control.stop_requested = True
    ended(thread)
    one, other = records(results)
    assert (one.status, one.costs[0].energy["cpu"].kwh > 0) == ("interrupted", True)
    assert (other.status, other.reason) == ("interrupted", "stopped by the user")
    assert (other.costs[0].seconds > 0, other.costs[0].missing) == (True, ["cpu", "ram"])
    assert transport.tasks == {}


def test_a_job_that_has_not_begun_when_all_is_stopped_leaves_no_record(monkeypatch):
    monkeypatch.setattr(dispatcher, "STOP_SECONDS", 0.2)
    control, transport = everything(), MemoryTransport(run_later, "a")
    monkeypatch.setattr(transport, "interrupt", lambda tasks, workers, seconds: dict.fromkeys(workers))
    results, thread = in_background(dispatch(jobs(5), control, transport))
    transport.wait_for(1)
    control.stop_requested = True
    ended(thread)
    assert results == []


def test_a_transport_that_cannot_cancel_neither_blocks_the_run_nor_loses_running_jobs(monkeypatch, caplog):
    monkeypatch.setattr(dispatcher, "STOP_SECONDS", 0.1)
    control, transport = everything(), MemoryTransport(run_later, "a", "b")

    def cancel(tasks):
        raise RuntimeError("the connection is closed")

    monkeypatch.setattr(transport, "cancel", cancel)
    results, thread = in_background(dispatch(jobs(5), control, transport))
    transport.wait_for(2)
    control.stop_requested = True
    ended(thread)
    assert [record.status for record in records(results)] == ["interrupted"] * 2
    assert "the transport could not cancel 2 tasks" in caplog.text


def test_a_transport_that_cannot_cancel_does_not_hide_the_error_that_ended_the_run(monkeypatch):
    monkeypatch.setattr(dispatcher, "STOP_SECONDS", 0.1)
    transport = MemoryTransport(run_later, "a")
    transport.fault = CatsError("none of the 1 connected workers can run jobs of this driver")
    monkeypatch.setattr(transport, "cancel", lambda tasks: 1 / 0)
    with pytest.raises(CatsError, match="none of the 1 connected workers"):
        list(dispatch(jobs(3), everything(), transport))


def test_closing_the_iterator_cancels_what_runs():
    transport = MemoryTransport(lambda job, worker: run_now(job, worker) if job.cells[0].seed == 0 else None, "a", "b")
    results = dispatch(jobs(5), everything(), transport)
    next(results)
    transport.wait_for(1)
    results.close()
    assert transport.tasks == {}
    assert transport.cancelled


def test_no_more_jobs_start_while_the_runner_has_not_taken_what_is_done(monkeypatch):
    monkeypatch.setattr(dispatcher, "MAX_UNBOOKED", 4)
    begun = []
    transport = MemoryTransport(lambda job, worker: begun.append(job) or run_now(job, worker), "a")
    results = dispatch(jobs(20), everything(), transport)
    next(results)
    assert len(begun) <= 4 + 2
    assert len(list(results)) == 19


def test_an_error_while_jobs_are_listed_is_raised():
    def broken():
        yield from jobs(2)
        raise CatsError("no such thing")

    with pytest.raises(CatsError, match="no such thing"):
        list(dispatch(broken(), everything(), MemoryTransport(run_now, "a")))


def test_a_lost_attempt_is_charged_and_its_work_stays_expected_and_no_run_counts_as_stopped():
    (job,) = jobs([3])
    (good,) = outcomes_of(job)
    history = History()
    history.count(good.record)  # 0.001 kWh
    guard, state, lost = Guard(Budget(kwh=1.0), forecast=CostForecast(history, "cpu", "NLD")), Run(cells=1, done=0), []
    transport = MemoryTransport(run_later, "a", "b")

    def book():
        for (outcome,) in dispatch([job], RunControl(guard.admit), transport):
            guard.count(outcome.record)
            state.count(outcome.record)
            lost.append((outcome.record.status, guard.spent.kwh, dict(guard._running)))

    thread = threading.Thread(target=book, daemon=True)
    thread.start()
    ((_, _, worker),) = transport.wait_for(1)
    transport.lose(worker)
    ((task, again, _),) = transport.wait_for(1)
    transport.end(task, outcomes_of(again))
    ended(thread)
    (one, spent, expected), (other, all_spent, none) = lost
    assert (one, spent, set(expected)) == ("interrupted", pytest.approx(1e-3), {job.key})
    assert (other, all_spent, none) == ("finished", pytest.approx(2e-3), {})
    assert (state.made, state.failed, state.interrupted) == (1, [], False)
