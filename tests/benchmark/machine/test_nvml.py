"""The energy counter of a GPU. There is no GPU here: the library is a small fake of pynvml."""

import importlib
import os
import sys
from types import SimpleNamespace

import pytest

from benchmark.machine import nvml
from benchmark.machine.nvml import Reading, counter, kwh_between, reading


class NVMLError(Exception):
    pass


def library(*names, sliced=None, energy=lambda card: 1000 * card, power=lambda card: 1500, running=()):
    """The functions of pynvml that are used; handles are numbers, and card i reports 1000 × i millijoules."""

    def start():
        if not names:
            raise NVMLError("driver not loaded")

    def slices(card):
        if sliced is None:
            raise NVMLError("not supported")
        return [int(card in sliced), 0]

    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=start,
        nvmlDeviceGetCount=lambda: len(names),
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetIndex=lambda card: card,
        nvmlDeviceGetName=lambda card: names[card],
        nvmlDeviceGetUUID=lambda card: f"GPU-{card}b66fcb42",
        nvmlDeviceGetMigMode=slices,
        nvmlDeviceGetTotalEnergyConsumption=energy,
        nvmlDeviceGetPowerUsage=power,
        nvmlDeviceGetComputeRunningProcesses=lambda card: [SimpleNamespace(pid=pid) for pid in running],
    )


@pytest.fixture
def cards(monkeypatch):
    """`cards("A", "A", visible="1")` puts these cards into the machine."""
    counter.cache_clear()
    nvml.number.cache_clear()
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.delenv(name, raising=False)

    def put(*names, visible=None, **asked):
        monkeypatch.setitem(sys.modules, "pynvml", library(*names, **asked))
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    yield put
    counter.cache_clear()
    nvml.number.cache_clear()


def millijoules_of(device):
    found = reading(device)
    return None if found is None else found.millijoules


@pytest.mark.parametrize(
    ("visible", "device", "card"),
    [
        (None, "cuda", 0),
        (None, "cuda:2", 2),
        ("2,0", "cuda", 2),
        ("2, 0", "cuda:1", 0),
        ("GPU-1b66fcb42", "cuda:0", 1),
        ("0,GPU-2b66", "cuda:1", 2),
    ],
)
def test_the_counter_is_that_of_the_card_torch_works_on(cards, visible, device, card):
    cards("A", "A", "A", visible=visible)
    assert millijoules_of(device) == 1000 * card


@pytest.mark.parametrize(
    ("visible", "device"),
    [
        ("", "cuda"),
        ("-1", "cuda"),
        ("7", "cuda"),
        ("1", "cuda:1"),
        ("GPU-", "cuda"),
        ("GPU-9", "cuda"),
        ("MIG-1b66fcb42", "cuda"),
    ],
)
def test_where_no_one_card_is_meant_there_is_no_counter(cards, visible, device):
    cards("A", "A", visible=visible)
    assert millijoules_of(device) is None


def test_numbers_of_unlike_cards_are_trusted_only_in_the_order_of_the_bus(cards, monkeypatch):
    cards("A", "B")
    assert millijoules_of("cuda:1") is None
    counter.cache_clear()
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    assert millijoules_of("cuda:1") == 1000


def test_a_slice_of_a_card_has_no_counter_and_its_whole_neighbour_has(cards):
    cards("A", "A", sliced={0})
    assert millijoules_of("cuda:0") is None
    assert millijoules_of("cuda:1") == 1000


def test_a_card_without_a_counter_is_no_zero(cards):
    def unsupported(card):
        raise NVMLError("not supported")

    cards("A", energy=unsupported)
    assert reading("cuda") is None


def test_without_a_driver_there_is_no_counter(cards):
    cards()
    assert reading("cuda") is None
    assert nvml.watts("cuda") is None
    assert nvml.processes("cuda") == 1


def test_the_power_of_a_card_and_how_many_processes_compute_on_it(cards):
    cards("A", running=(1, 1, 2))
    assert nvml.watts("cuda") == 1.5
    assert nvml.watts("cpu") is None
    assert nvml.processes("cuda") == 3  # and this one, which NVML may number otherwise
    assert nvml.processes("cpu") == 1

    def unsupported(card):
        raise NVMLError("not supported")

    cards("A", power=unsupported, running=(os.getpid(),))
    assert nvml.watts("cuda") is None
    assert nvml.processes("cuda") == 1


def test_without_the_library_there_is_no_counter(cards, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert reading("cuda") is None


def test_a_counter_that_falls_silent_leaves_no_reading(cards):
    answers = [1, 2]  # the first is the trial when the card is opened

    def energy(card):
        if not answers:
            raise NVMLError("GPU is lost")
        return answers.pop(0)

    cards("A", energy=energy)
    assert millijoules_of("cuda") == 2
    assert reading("cuda") is None


@pytest.mark.parametrize(("visible", "device", "number"), [(None, "cuda:1", 1), ("2,0", "cuda", 2), ("7", "cuda", None)])
def test_codecarbon_is_told_of_the_one_card_torch_works_on(cards, monkeypatch, visible, device, number):
    """It would count all cards otherwise; a tracker of each card is kept."""
    import codecarbon

    from benchmark.machine import meter as energy

    made = []
    monkeypatch.setattr(codecarbon, "OfflineEmissionsTracker", lambda **asked: made.append(asked) or SimpleNamespace())
    cards("A", "A", "A", visible=visible)
    energy.tracker.cache_clear()
    for _ in range(2):
        with energy.Meter("NLD", device).phase("training"):
            pass
        energy.tracker("NLD", 77)
    energy.tracker.cache_clear()
    assert [asked.get("gpu_ids") for asked in made] == [None if number is None else [number], [77]]
    assert nvml.number("cpu") is None


def test_the_processor_has_no_such_counter(cards):
    cards("A")
    assert reading("cpu") is None


def test_millijoules_become_kilowatt_hours():
    assert kwh_between(Reading(1_000, 5.0), Reading(1_000 + 3_600_000_000, 6.0)) == 1.0


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (None, Reading(5, 9.0)),
        (Reading(5, 0.0), None),
        (Reading(5, 0.0), Reading(9, 0.99)),
        (Reading(5, 0.0), Reading(5, 9.0)),
        (Reading(5, 0.0), Reading(4, 9.0)),
    ],
    ids=["not read at the start", "not read at the end", "too short", "stands still", "went back"],
)
def test_what_two_readings_cannot_tell_is_unknown(start, end):
    assert kwh_between(start, end) is None


def test_the_names_the_fake_answers_to_are_those_of_the_library():
    real = importlib.import_module("pynvml")
    assert [name for name in vars(library()) if not hasattr(real, name)] == []


def test_work_whose_counter_fails_goes_on(cards, monkeypatch):
    from benchmark.machine import meter as energy
    from benchmark.machine.meter import Meter

    def broken(card):
        raise OSError("no such function")

    cards("A", energy=broken)
    monkeypatch.setattr(energy, "tracker", lambda country, card: SimpleNamespace(start_task=print, stop_task=lambda task: None))
    meter, done = Meter("NLD", "cuda"), []
    with meter.phase("training"):
        done.append(1)
    assert done == [1]
    assert meter.costs[0].nvml_kwh is None
    assert nvml.counter("cuda") is None
