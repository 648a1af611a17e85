"""The share of a GPU that is this process's. There is no GPU here: the library is a small fake of pynvml."""

import importlib
import os
from types import SimpleNamespace

import pytest

from benchmark.machine import nvml
from benchmark.machine.gpu_share import GpuWatch

ME = 17  # the number of this process, as far as is asked here


class NVMLError(Exception):
    pass


def library(looks):
    """Each look: the processes on the card, and how busy each kept it, in percent; None if none was busy."""
    looks = list(looks)

    def running(card):
        return [SimpleNamespace(pid=pid) for pid in looks[0][0]]

    def utilisation(card, since):
        busy = (looks.pop(0) if len(looks) > 1 else looks[0])[1]
        if busy is None:
            raise NVMLError("not found")
        return [SimpleNamespace(pid=pid, smUtil=share, timeStamp=since + 1) for pid, share in busy.items()]

    return SimpleNamespace(nvmlDeviceGetComputeRunningProcesses=running, nvmlDeviceGetProcessUtilization=utilisation)


def share_of(monkeypatch, *looks):
    monkeypatch.setattr(os, "getpid", lambda: ME)
    monkeypatch.setattr(nvml, "handle", lambda device: (library(looks), 0))
    watch = GpuWatch("cuda")
    for _ in looks[1:]:
        watch._look()
    return watch.share()


@pytest.mark.parametrize(
    ("looks", "share"),
    [
        ([([ME], {ME: 90})], 1.0),
        ([([ME], None)], 1.0),  # alone, and too short a time for NVML
        ([([ME, 7], {ME: 30, 7: 10})], 0.75),
        ([([ME], {ME: 60}), ([ME, 7], {ME: 30, 7: 10})], 0.9),  # another process came later
        ([([ME, 7], {ME: 30, 7: 10}), ([ME], {ME: 60})], 0.9),  # another process left
        ([([ME, 7], {7: 40})], None),  # nothing is known of our part: never 0
        ([([ME, 7], None)], None),
        ([([], None)], None),  # a container without a list
        ([([4711], {4711: 90})], None),  # a container that numbers its processes otherwise: never 1
    ],
)
def test_the_share_is_that_of_the_busy_time_or_unknown(monkeypatch, looks, share):
    assert share_of(monkeypatch, *looks) == share


def test_a_library_that_fails_leaves_the_share_unknown(monkeypatch):
    monkeypatch.setattr(nvml, "handle", lambda device: (SimpleNamespace(), 0))
    assert GpuWatch("cuda").share() is None


def test_nothing_is_watched_without_a_card(monkeypatch):
    monkeypatch.setattr(nvml, "handle", lambda device: pytest.fail("asked") if device == "cpu" else None)
    assert GpuWatch("cpu").share() is None
    assert GpuWatch("cuda").share() is None


def test_the_names_the_fake_answers_to_are_those_of_the_library():
    real = importlib.import_module("pynvml")
    assert [name for name in vars(library([([], None)])) if not hasattr(real, name)] == []
