import itertools
import logging
import re
import time

import pytest
import torch

from benchmark.core.checkpoint_files import keep_costs, seconds_of_attempt
from benchmark.execution.attempt import Attempt, Result
from benchmark.execution.side_by_side import side_by_side
from benchmark.machine.meter import Stopwatch
from results.error import CatsError
from results.record import Cost


@pytest.mark.parametrize("jump", [-1e9, 1e9], ids=["back", "ahead"])
def test_a_clock_that_is_set_while_a_cell_is_made_changes_nothing_in_how_long_it_took(monkeypatch, jump):
    clock = itertools.count(2e9, jump)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    record = Attempt("cell", "key", "point", {}, {}, "toy").run(Stopwatch("NLD", "cpu"), lambda: iter(())).record
    assert record.started == 2e9
    assert 0 <= record.ended - record.started < 1000


def made():
    return Attempt("cell", "key", "point", {}, {}, "toy").run(Stopwatch("NLD", "cpu"), lambda: iter(())).record


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


def attempt():
    return Attempt("score", "key", "point", {"source": "s"}, {"size": "64"}, "toy", {"data": "d"})


def test_what_was_found_last_is_the_result_and_what_was_known_before_stays():
    work = iter([Result(validation={"a": 1.0}), Result(facts={"images": "i"}, validation={"a": 1.0, "b": 2.0})])
    record = attempt().run(Stopwatch("NLD", "cpu"), lambda: work).record
    assert (record.status, record.key) == ("finished", "key")
    assert record.facts == {"data": "d", "images": "i"}
    assert record.validation == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (ValueError, "failed")])
def test_an_attempt_that_ends_early_keeps_what_it_had_found(error, status):
    def work():
        yield Result(validation={"a": 1.0})
        raise error

    record = attempt().run(Stopwatch("NLD", "cpu"), work).record
    assert (record.status, record.validation, record.scores) == (status, {"a": 1.0}, {})


def test_a_failure_is_a_sentence_and_its_traceback_is_in_the_record_and_with_v(caplog):
    def work():
        yield Result(facts={"images": "i"})
        torch.zeros(2).reshape(3)

    caplog.set_level(logging.WARNING)
    record = attempt().run(Stopwatch("NLD", "cpu"), work).record
    assert caplog.text == ""
    assert record.reason == "RuntimeError: shape '[3]' is invalid for input of size 2"
    places = record.facts["traceback"].splitlines()
    assert re.fullmatch(r"benchmark/execution/attempt.py, line \d+, in run", places[0])
    assert re.fullmatch(r"benchmark/execution/test_attempt.py, line \d+, in work", places[-1])
    assert record.facts["images"] == "i"
    caplog.set_level(logging.INFO)
    attempt().run(Stopwatch("NLD", "cpu"), work)
    assert "torch.zeros(2).reshape(3)" in caplog.text


def deep(levels):
    if not levels:
        raise ValueError("x")
    deep(levels - 1)


def test_of_a_deep_traceback_the_innermost_places_are_kept():
    def work():
        yield Result()
        deep(100)

    places = attempt().run(Stopwatch("NLD", "cpu"), work).record.facts["traceback"].splitlines()
    assert len(places) == 20
    assert all(place.endswith(", in deep") for place in places)


def test_a_refusal_has_no_traceback():
    def work():
        yield Result()
        raise CatsError("no room")

    assert "traceback" not in attempt().run(Stopwatch("NLD", "cpu"), work).record.facts


def test_an_incomplete_result_says_so_and_does_not_take_the_key_of_a_complete_one():
    """The key has no finished record, so that the work is done again; two such records are never merged into one."""
    made = [attempt().run(Stopwatch("NLD", "cpu"), lambda: iter([Result(incomplete="no weights")])).record for _ in range(2)]
    for record in made:
        assert record.status == "finished"
        assert record.facts["incomplete"] == "no weights"
        assert record.key == f"key-incomplete-{record.attempt}"
    assert made[0].key != made[1].key


@pytest.mark.parametrize(("begun", "seconds"), [(1005.0, 2.0), (900.0, 7.0)], ids=["this attempt", "an earlier one"])
def test_the_seconds_of_a_cut_off_attempt_are_counted_once(begun, seconds):
    """Those up to its checkpoint are in the record of the attempt that goes on."""
    keep_costs("key", (Cost(phase="training", seconds=5.0, energy={}),), begun, 5.0)
    record = attempt().cut_off((1000.0, 7.0), ("cpu",), 1).record
    assert [cost.seconds for cost in record.costs] == [seconds]
    assert seconds_of_attempt("key", 2000.0) == 0.0
