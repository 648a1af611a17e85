"""Which job a worker gets next, and how few of a plan's jobs are held for that."""

import itertools
from types import SimpleNamespace

from benchmark.execution.dispatch.job_queue import MIN_PREFETCH, JobQueue


def cell(target, *needs, name=""):
    return SimpleNamespace(start=None, place=(target, "resnet18"), needs=frozenset(needs), name=name)


def pretraining(key, *needs):
    return SimpleNamespace(start=SimpleNamespace(key=key), place=(key, "resnet18"), needs=frozenset(needs))


def test_few_jobs_of_a_million_are_held():
    taken = itertools.count()
    jobs = JobQueue(cell("ihc", name=next(taken)) for _ in range(1_000_000))
    assert jobs.prefetch(2)
    assert next(taken) == MIN_PREFETCH


def test_many_workers_look_further():
    taken = itertools.count()
    jobs = JobQueue(cell("ihc", name=next(taken)) for _ in range(1_000_000))
    jobs.prefetch(100)
    assert next(taken) == 200


def test_every_job_is_taken_once_and_then_there_is_none():
    jobs = JobQueue(cell(f"target{n % 3}", name=n) for n in range(200))
    names = []
    while jobs.prefetch(4):
        names.append(jobs.take(f"worker{len(names) % 4}").name)
    assert sorted(names) == list(range(200))
    assert jobs.take("worker0") is None


def test_jobs_wait_for_their_pretraining_and_hold_up_no_other():
    first, waits, free = pretraining("digits"), cell("ihc", "digits"), cell("ihc")
    jobs = JobQueue([first, waits, free])
    jobs.prefetch(2)
    assert jobs.take("one") is first
    assert jobs.take("two") is free
    assert jobs.take("two") is None
    assert jobs.prefetch(2)
    jobs.mark_ended(free)
    assert jobs.take("two") is None
    jobs.mark_ended(first)
    assert jobs.take("two") is waits


def test_a_chain_of_pretrainings_is_made_link_by_link():
    first, second, waits = pretraining("textures"), pretraining("digits", "textures"), cell("ihc", "digits", "textures")
    jobs = JobQueue([first, second, waits])
    jobs.prefetch(3)
    assert jobs.take("one") is first
    assert jobs.take("two") is None
    jobs.mark_ended(first)
    assert jobs.take("two") is second
    jobs.mark_ended(second)
    assert jobs.take("one") is waits


def test_a_pretraining_goes_before_cells_because_others_wait_for_it():
    late = pretraining("digits")
    jobs = JobQueue([cell("ihc"), cell("ihc"), late])
    jobs.prefetch(1)
    assert jobs.take("one") is late


def test_a_worker_stays_at_its_target_and_another_goes_to_another():
    jobs = JobQueue([cell("ihc", name=1), cell("ihc", name=2), cell("digits", name=3), cell("digits", name=4)])
    jobs.prefetch(2)
    turns = ["one", "two", "two", "one"]
    assert [jobs.take(worker).name for worker in turns] == [1, 3, 4, 2]


def test_the_place_of_a_worker_that_left_is_free():
    jobs = JobQueue([cell("ihc", name=1), cell("ihc", name=2), cell("digits", name=3)])
    jobs.prefetch(2)
    jobs.take("one")
    jobs.forget("one")
    assert jobs.take("two").name == 2


def test_a_job_that_was_put_back_is_the_next_one_and_its_cells_still_wait():
    first, waits = pretraining("digits"), cell("ihc", "digits")
    jobs = JobQueue([first, waits])
    jobs.prefetch(2)
    jobs.put_back(jobs.take("one"))
    assert jobs.take("two") is first
    assert jobs.take("one") is None
