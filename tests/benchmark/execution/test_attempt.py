import itertools
import time

import pytest
import torch

from benchmark.execution.attempt import Attempt
from benchmark.execution.side_by_side import side_by_side
from benchmark.machine.meter import Stopwatch


@pytest.mark.parametrize("jump", [-1e9, 1e9], ids=["back", "ahead"])
def test_a_clock_that_is_set_while_a_cell_is_made_changes_nothing_in_how_long_it_took(monkeypatch, jump):
    clock = itertools.count(2e9, jump)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    record = Attempt("cell", "key", "point", {}, {}, "toy").run(Stopwatch("NLD", "cpu"), lambda: None).record
    assert record.started == 2e9
    assert 0 <= record.ended - record.started < 1000


def made():
    return Attempt("cell", "key", "point", {}, {}, "toy").run(Stopwatch("NLD", "cpu"), lambda: None).record


def test_a_record_has_the_threads_of_its_own_attempt_whoever_was_first():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        beside = side_by_side([made, made], torch.device("cpu"))
        alone = made()
    finally:
        torch.set_num_threads(before)
    assert [record.environment["threads"] for record in (*beside, alone)] == ["2", "2", "4"]
    assert beside[0].environment | {"threads": "4"} == alone.environment
