"""Which job a worker gets next, and how few of a plan's jobs are held for that."""

import itertools
from types import SimpleNamespace

from benchmark.execution.cluster.job_queue import FEWEST, Ahead


def cell(target, *needs, name=""):
    return SimpleNamespace(start=None, place=(target, "resnet18"), needs=frozenset(needs), name=name)


def pretraining(key, *needs):
    return SimpleNamespace(start=SimpleNamespace(key=key), place=(key, "resnet18"), needs=frozenset(needs))


def test_few_jobs_of_a_million_are_held():
    taken = itertools.count()
    ahead = Ahead(cell("ihc", name=next(taken)) for _ in range(1_000_000))
    assert ahead.look(2)
    assert next(taken) == FEWEST


def test_many_workers_look_further():
    taken = itertools.count()
    ahead = Ahead(cell("ihc", name=next(taken)) for _ in range(1_000_000))
    ahead.look(100)
    assert next(taken) == 200


def test_every_job_is_taken_once_and_then_there_is_none():
    ahead = Ahead(cell(f"target{n % 3}", name=n) for n in range(200))
    names = []
    while ahead.look(4):
        names.append(ahead.take(f"worker{len(names) % 4}").name)
    assert sorted(names) == list(range(200))
    assert ahead.take("worker0") is None


def test_jobs_wait_for_their_pretraining_and_hold_up_no_other():
    first, waits, free = pretraining("digits"), cell("ihc", "digits"), cell("ihc")
    ahead = Ahead([first, waits, free])
    ahead.look(2)
    assert ahead.take("one") is first
    assert ahead.take("two") is free
    assert ahead.take("two") is None
    assert ahead.look(2)
    ahead.settle(free)
    assert ahead.take("two") is None
    ahead.settle(first)
    assert ahead.take("two") is waits


def test_a_chain_of_pretrainings_is_made_link_by_link():
    first, second, waits = pretraining("textures"), pretraining("digits", "textures"), cell("ihc", "digits", "textures")
    ahead = Ahead([first, second, waits])
    ahead.look(3)
    assert ahead.take("one") is first
    assert ahead.take("two") is None
    ahead.settle(first)
    assert ahead.take("two") is second
    ahead.settle(second)
    assert ahead.take("one") is waits


def test_a_pretraining_goes_before_cells_because_others_wait_for_it():
    late = pretraining("digits")
    ahead = Ahead([cell("ihc"), cell("ihc"), late])
    ahead.look(1)
    assert ahead.take("one") is late


def test_a_worker_stays_at_its_target_and_another_goes_to_another():
    ahead = Ahead([cell("ihc", name=1), cell("ihc", name=2), cell("digits", name=3), cell("digits", name=4)])
    ahead.look(2)
    turns = ["one", "two", "two", "one"]
    assert [ahead.take(worker).name for worker in turns] == [1, 3, 4, 2]


def test_the_place_of_a_worker_that_left_is_free():
    ahead = Ahead([cell("ihc", name=1), cell("ihc", name=2), cell("digits", name=3)])
    ahead.look(2)
    ahead.take("one")
    ahead.forget("one")
    assert ahead.take("two").name == 2


def test_a_job_given_back_is_the_next_one_and_its_cells_still_wait():
    first, waits = pretraining("digits"), cell("ihc", "digits")
    ahead = Ahead([first, waits])
    ahead.look(2)
    ahead.give_back(ahead.take("one"))
    assert ahead.take("two") is first
    assert ahead.take("one") is None
