import itertools
import time

import pytest

from benchmark.attempt import Attempt
from benchmark.energy import Stopwatch


@pytest.mark.parametrize("jump", [-1e9, 1e9], ids=["back", "ahead"])
def test_a_clock_that_is_set_while_a_cell_is_made_changes_nothing_in_how_long_it_took(monkeypatch, jump):
    clock = itertools.count(2e9, jump)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    record = Attempt("cell", "key", "point", {}, {}, "toy").run(Stopwatch("NLD", "cpu"), lambda: None).record
    assert record.started == 2e9
    assert 0 <= record.ended - record.started < 1000
