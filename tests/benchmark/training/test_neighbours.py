"""A training that lacks memory because of its neighbours waits for them, and has the numbers that it has alone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from benchmark.machine import cancellation
from benchmark.specs.recipe import Augment, Recipe
from benchmark.training import device_cache, neighbours
from benchmark.training.neighbours import counted, ended, outlasted
from benchmark.training.step import Step
from benchmark.training.train import fit
from tests.support.stripes import CPU, network, state, stripes

RECIPE = Recipe(size=16, epochs=2, batch_size=8, precision="fp32", augment=Augment(flip=0.5))
LACKING = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."


def trained(seed):
    made = network(RECIPE, seed)
    with counted(CPU):
        found = fit(made, stripes(16, seed), stripes(8, seed + 1), RECIPE, seed, "last_epoch")
    return found.micro_batch, found.curves, state(made)


@pytest.mark.parametrize("early", [False, True])
def test_a_step_that_lacks_memory_beside_another_training_is_whole_again_when_that_has_ended(monkeypatch, early):
    alone, real, others_end, told = trained(0), Step.accumulate, threading.Event(), []

    def accumulate(self, *rest):
        if threading.current_thread().name.startswith("short") and not others_end.is_set():
            told.append("short")
            lacking.set()
            if early:
                other.result(10)
            raise RuntimeError(LACKING)
        return real(self, *rest)

    def neighbour():
        with counted(CPU):
            begun.set()
            lacking.wait(10)
            while not (early or neighbours._waiting.get(CPU.type)):
                time.sleep(0.01)
            assert neighbours._trainings[CPU.type] == 2
            others_end.set()

    monkeypatch.setattr(Step, "accumulate", accumulate)
    begun, lacking = threading.Event(), threading.Event()
    device_cache.evict_unused()  # else the step tries again after that
    with ThreadPoolExecutor(1) as beside, ThreadPoolExecutor(1, thread_name_prefix="short") as pool:
        other = beside.submit(neighbour)
        begun.wait(10)
        micro, curves, weights = pool.submit(trained, 0).result(60)
        other.result(10)
    assert told == ["short"]
    assert (micro, curves) == alone[:2]
    assert all(torch.equal(weights[name], value) for name, value in alone[2].items())


@pytest.mark.parametrize("most", [2, 4])
def test_a_step_that_lacks_memory_alone_is_made_in_parts_at_once(monkeypatch, most):
    real, sizes = Step.accumulate, []

    def accumulate(self, pixels, *rest):
        sizes.append(self.micro)
        if self.micro > most:
            raise RuntimeError(LACKING)
        return real(self, pixels, *rest)

    monkeypatch.setattr(Step, "accumulate", accumulate)
    monkeypatch.setattr(neighbours._changed, "wait", lambda seconds: pytest.fail("waited"))
    assert trained(0)[0] == most
    assert sizes == [*(size for size in (8, 4, 2) if size > most), *[most] * 4]


def test_of_several_that_wait_one_after_the_other_goes_on():
    order, begun, ends = [], threading.Barrier(4), threading.Event()

    def waits(number):
        with counted(CPU):
            begun.wait(10)
            assert outlasted(CPU, 0) is True
            assert neighbours._trainings[CPU.type] == 3 - len(order)  # the others wait or have ended
            order.append(number)

    def runs():
        with counted(CPU):
            begun.wait(10)
            ends.wait(10)
            assert order == []

    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(waits, number) for number in range(3)] + [pool.submit(runs)]
        while len(neighbours._waiting.get(CPU.type, [])) < 3:
            time.sleep(0.01)
        ends.set()
        for task in tasks:
            task.result(10)
    assert sorted(order) == [0, 1, 2]
    assert outlasted(CPU, ended(CPU)) is False


def test_a_wait_ends_when_the_user_stops_everything():
    with counted(CPU), counted(CPU), ThreadPoolExecutor(1) as pool:
        waits = pool.submit(outlasted, CPU, 0)
        cancellation.request_stop()
        try:
            with pytest.raises(KeyboardInterrupt):
                waits.result(10)
        finally:
            cancellation.clear_stop()
    assert neighbours._waiting[CPU.type] == []
