"""The energy of a cell is its own: of its CPU seconds, whatever else the machine does, and by our settings alone."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.machine.cost_sharing import own_share, share_costs
from benchmark.machine.cpu_work import SHORTEST, Reading, Work, between
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.machine.own_energy import JOULES, own_energies
from results.record import Cost, Energy
from tests.support.burners import burners

ROOT = Path(__file__).parents[3]
WATTS = {"cpu": 8.0, "ram": 20.0}
WHOLE = {"cpu": Energy(kwh=1e-5, provenance="modelled"), "ram": Energy(kwh=2e-5, provenance="modelled")}


def burn(seconds):
    """Work for so many CPU seconds of this process."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))


def count_up(steps):
    """The same work every time, however long it takes."""
    sum(i * i for i in range(steps))


def kwh(cost):
    return cost.kwh("modelled") + cost.kwh("counter")


def phase(seconds, work=burn):
    meter = Meter("NLD", "cpu")
    with meter.phase("training"):
        work(seconds)
    return meter.costs[0]


@pytest.mark.slow
def test_the_energy_of_a_phase_is_the_same_beside_a_known_foreign_load():
    """Before, it was the wall-clock time that others stretched, times the power of the whole machine.

    For each of its CPU seconds: a core that another process shares takes a little longer for the same work.
    """
    phase(0.01)  # starts the tracker
    before = [phase(8_000_000, count_up) for _ in range(3)]
    with burners(os.cpu_count() + 1):
        loaded = [phase(8_000_000, count_up) for _ in range(3)]
    quiet, busy = (statistics.median(kwh(cost) / cost.cpu_seconds for cost in costs) for costs in (before, loaded))
    if before[0].energy["cpu"].provenance == "modelled":
        assert 1 / 1.3 < busy / quiet < 1.3
    assert all(cost.cpu_seconds / cost.busy_seconds < 0.8 for cost in loaded)
    assert all(cost.energy["ram"].machine_kwh > 1.5 * cost.energy["ram"].kwh for cost in loaded)


def work_of(code):
    """The work that a fresh process finds when it runs some code: no child that another test has left can be in it."""
    code = f"from dataclasses import astuple\nfrom benchmark.machine.cpu_work import between, reading\n{code}"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return [Work(*json.loads(line)) for line in done.stdout.splitlines()]


def test_the_work_of_children_living_and_reaped_is_ours():
    living, reaped = work_of("""
import json, subprocess, sys
code = "import time\\nwhile time.process_time() < 0.3: pass\\nprint(flush=True)\\ninput()"
start = reading()
with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
    child.stdout.readline()
    print(json.dumps(astuple(between(start, reading()))))
    child.communicate("\\n")
print(json.dumps(astuple(between(start, reading()))))
""")
    assert 0.25 < living.own <= reaped.own + 0.02 < living.own + 0.25


@pytest.mark.slow
def test_the_work_of_others_is_not_ours():
    (work,) = work_of("""
import json, time
from tests.support.burners import burners
with burners(1):
    start = reading()
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    print(json.dumps(astuple(between(start, reading()))))
""")
    assert 0.3 <= work.own < 0.45
    assert work.own <= work.known_busy
    assert work.share == work.own / work.known_busy


@pytest.mark.slow
def test_waiting_is_no_work():
    for _ in range(10):  # a process that another test has left may be at work, and other programs may take the cores
        waited, worked = phase(0.3, time.sleep), phase(0.3)
        if kwh(waited) < 0.2 * kwh(worked):
            break
        time.sleep(1)
    else:
        pytest.fail("waiting took more than a fifth of the energy of work, ten times")
    assert waited.energy["ram"].machine_kwh > 0.8 * 20 * 0.3 / JOULES or waited.energy["ram"].watts != 20


@pytest.mark.parametrize(
    ("work", "busy", "share"),
    [
        (Work(1.0, 0.5, 2.0, 2), 2.0, 0.25),
        (Work(1.0, 0.5, 0.48, 2), 0.5, 1.0),  # within the steps of 10 ms
        (Work(SHORTEST / 2, 0.1, 0.2, 2), None, None),  # too short for the steps
        (Work(1.0, 0.5, None, 2), None, None),
        (Work(1.0, 0.5, 0.1, 2), None, None),  # of another machine than the one we work on, as in some containers
        (Work(1.0, 0.5, 0.0, 2), None, None),
        (Work(1.0, 0.0, 0.0, 2), 0.0, None),
    ],
)
def test_a_share_that_cannot_be_known_is_missing_never_0_and_never_1(work, busy, share):
    assert (work.known_busy, work.share) == (busy, share)


@pytest.mark.parametrize("unknown", [(None, Reading(1, 1, 1)), (Reading(1, 1, 1), None), (None, None)])
def test_work_between_unknown_readings_is_unknown(unknown):
    assert between(*unknown) is None


def test_modelled_energy_is_cpu_seconds_times_the_power_of_a_core():
    own = own_energies(WHOLE, Work(seconds=10.0, own=3.0, busy=12.0, cores=4), WATTS, None)
    assert own["cpu"].kwh == pytest.approx(3 * 8 / 4 / JOULES)
    assert own["ram"].kwh == pytest.approx(3 * 20 / 4 / JOULES)
    assert own["cpu"].machine_kwh == pytest.approx((12 + 0.1 * 28) * 8 / 4 / JOULES)  # idle cores draw a tenth
    assert own["ram"].machine_kwh == pytest.approx(10 * 20 / JOULES)
    assert [(e.provenance, e.watts, e.undivided) for e in own.values()] == [("modelled", 8, False), ("modelled", 20, False)]


@settings(deadline=None)
@given(st.floats(1e-3, 1e4), st.floats(0, 1), st.floats(0, 1), st.integers(1, 256), st.floats(1, 50))
def test_own_energy_never_exceeds_the_machines_and_is_the_same_however_long_it_lasts(own, idle, others, cores, longer):
    seconds = own / cores / max(1 - idle, 1e-3)
    alone = own_energies(WHOLE, Work(seconds, own, own, cores), WATTS, None)
    busy = own + others * (cores * seconds * longer - own)
    beside = own_energies(WHOLE, Work(seconds * longer, own, busy, cores), WATTS, None)
    for name in WATTS:
        assert alone[name].kwh == beside[name].kwh
        for each in (alone, beside):
            assert each[name].kwh <= each[name].machine_kwh * (1 + 1e-9)


@pytest.mark.parametrize(
    ("work", "card", "cpu", "gpu"),
    [
        (Work(1.0, 0.5, 2.0, 2), 0.25, (1.0, 4.0, False), (2.0, 8.0, False)),
        (Work(1.0, 0.5, None, 2), 1.0, (4.0, None, True), (8.0, 8.0, False)),
        (Work(0.1, 0.05, 0.2, 2), None, (4.0, None, True), (8.0, None, True)),
        (None, None, (4.0, None, True), (8.0, None, True)),
    ],
)
def test_a_counter_gives_the_share_of_the_work_or_all_and_says_which(work, card, cpu, gpu):
    counted = {"cpu": Energy(kwh=4.0, provenance="counter"), "gpu": Energy(kwh=8.0, provenance="counter")}
    own = own_energies(counted, work, {"ram": 20.0}, card)
    assert [(e.kwh, e.machine_kwh, e.undivided) for e in own.values()] == [cpu, gpu]
    assert {e.provenance for e in own.values()} == {"counter"}


def test_missing_energy_stays_missing_and_no_share_makes_it_zero():
    missing = {"cpu": Energy(kwh=None, provenance="missing")}
    assert own_energies(missing, Work(1.0, 0.5, 2.0, 2), WATTS, None) == missing
    assert own_energies(WHOLE, None, WATTS, None)["ram"] == WHOLE["ram"].model_copy(update={"undivided": True})


def cost(**changes):
    energy = {"cpu": Energy(kwh=1.0, provenance="modelled", machine_kwh=4.0, watts=8.0)}
    given = {"phase": "training", "seconds": 2.0, "energy": energy, "cpu_seconds": 1.0, "busy_seconds": 4.0}
    return Cost(**given | changes)


def test_workers_on_one_machine_keep_their_own_and_share_what_was_read_of_the_machine():
    """Two workers at once, each with all of the machine's figures: their own figures are no longer divided by two."""
    (one,) = own_share([cost()], 0.5, 1)
    assert (one.energy["cpu"].kwh, one.energy["cpu"].machine_kwh, one.cpu_seconds, one.busy_seconds) == (1.0, 2.0, 1.0, 2.0)
    assert not one.shared
    (older,) = own_share([cost(energy={"cpu": Energy(kwh=1.0, provenance="modelled")}, cpu_seconds=None)], 0.5, 1)
    assert (older.energy["cpu"].kwh, older.shared) == (0.5, True)


def test_a_workers_own_card_stays_its_own():
    gpu = {"gpu": Energy(kwh=1.0, provenance="counter", machine_kwh=4.0)}
    (known,) = own_share([cost(energy=gpu, nvml_kwh=1.0)], 1, 0.5)
    (unknown,) = own_share([cost(energy={"gpu": Energy(kwh=4.0, provenance="counter", undivided=True)}, nvml_kwh=4.0)], 1, 0.5)
    assert (known.energy["gpu"].kwh, known.nvml_kwh) == (1.0, 1.0)
    assert (unknown.energy["gpu"].kwh, unknown.nvml_kwh) == (2.0, 2.0)


def test_cells_side_by_side_divide_the_work_too():
    parts = [part for (part,) in share_costs([cost()], [1.0, 3.0])]
    assert [(part.cpu_seconds, part.busy_seconds) for part in parts] == [(0.25, 1.0), (0.75, 3.0)]
    assert [part.energy["cpu"].machine_kwh for part in parts] == [1.0, 3.0]
    assert [part.energy["cpu"].watts for part in parts] == [8.0, 8.0]


def test_a_record_says_on_what_machine_and_by_what_its_energy_was_found():
    meter = Meter("NLD", "cpu")
    assert meter.facts == Stopwatch("NLD", "cpu").facts == {}
    with meter.phase("training"):
        burn(0.01)
    assert {"cpu", "cores", "ram_gb", "codecarbon", "energy_mode", "rapl", "ram_watts"} <= meter.facts.keys()
    assert meter.facts["energy_mode"].startswith("machine, ")
    assert meter.facts["rapl"] in ("yes", "no")
    assert float(meter.facts["ram_watts"]) == meter.costs[0].energy["ram"].watts > 0
