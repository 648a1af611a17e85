"""Other processes work in order, on few pieces at a time, and end with the one that started them."""

import os
import signal
import subprocess
import sys
from contextlib import closing

import psutil
import pytest

from benchmark.machine.helpers import AHEAD, HelperDiedError, in_order, possible_helpers
from tests.support.paths import ROOT
from tests.support.processes import forked_workers

PROGRAM = """
from benchmark.machine.helpers import in_order
for _ in in_order(abs, iter(range(9)), 2):
    print("works", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def forks():
    with forked_workers():
        yield


@pytest.mark.usefixtures("forks")
def test_results_come_in_order_and_pieces_are_made_when_they_are_needed():
    made = []

    def pieces():
        for number in range(12):
            made.append(number)
            yield -number

    with closing(in_order(abs, pieces(), 2)) as results:
        assert next(results) == 0
        assert len(made) == AHEAD * 2 + 1
        assert list(results) == list(range(1, 12))


@pytest.mark.usefixtures("forks")
def test_an_error_of_a_piece_comes_after_the_results_before_it():
    def pieces():
        yield from (-1, -2)
        raise ValueError("no more")

    results = in_order(abs, pieces(), 2)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ValueError, match="no more"):
        next(results)


@pytest.mark.usefixtures("forks")
def test_the_death_of_a_process_is_an_error():
    with pytest.raises(HelperDiedError):
        list(in_order(os._exit, iter([0, 0, 0]), 2))


def test_their_number_is_bounded_by_cores_and_memory_and_a_daemon_has_none(monkeypatch):
    monkeypatch.setattr("benchmark.machine.helpers.usable_cores", lambda: 8)
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 3.5 * 2**30}))
    assert possible_helpers(2**30) == 3
    assert possible_helpers(2**20) == 8
    monkeypatch.setattr("benchmark.machine.helpers.current_process", lambda: type("Process", (), {"daemon": True}))
    assert possible_helpers(2**20) == 0


@pytest.mark.slow
def test_they_end_when_the_process_that_started_them_is_killed():
    how = {"env": {**os.environ, "PYTHONPATH": str(ROOT)}, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], **how) as program:
        assert program.stdout.readline() == "works\n"
        children = psutil.Process(program.pid).children(recursive=True)
        assert len(children) >= 2
        program.send_signal(signal.SIGKILL)
        program.wait()
        assert psutil.wait_procs(children, timeout=10)[1] == []
