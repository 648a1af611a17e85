"""The innermost caller shows a count, and seldom."""

import io
from contextlib import contextmanager

from rich.console import Console

from benchmark.answers.progress import Progress
from results.text import counting
from results.text.counting import counted, shown_by


@contextmanager
def recorded(seen, *given):
    seen.append(given)
    yield seen.append
    seen.append("end")


def test_the_innermost_shows_and_nobody_is_needed():
    outer, inner = [], []
    with shown_by(lambda *given: recorded(outer, *given)):
        with shown_by(lambda *given: recorded(inner, *given)), counted("decoding", 2, 9, "pictures"):
            pass
        with counted("reading", 0, 3):
            pass
    with counted("reading", 0, 3) as count:
        count(1)
    assert (outer, inner) == ([("reading", 0, 3, "images"), "end"], [("decoding", 2, 9, "pictures"), "end"])


def test_numbers_that_come_soon_after_each_other_are_not_shown(monkeypatch):
    now, seen = [100.0], []
    monkeypatch.setattr(counting.time, "monotonic", lambda: now[0])
    with shown_by(lambda *given: recorded(seen, *given)), counted("decoding", 0, 9) as count:
        for done in range(1, 6):
            now[0] += 0.6 * counting.SELDOM
            count(done)
    assert seen[1:-1] == [2, 4]


def test_beside_the_bar_of_a_run_counts_stand_where_the_work_is_named(monkeypatch):
    monkeypatch.setattr(counting, "SELDOM", 0)
    shown = Progress(Console(file=io.StringIO(), force_terminal=True))
    with shown as watch:
        watch.begins("reading toy")
        with counted("decoding toy", 0, 12_000) as count:
            count(3_000)
            assert shown.bar.tasks[0].description == "decoding toy, 3,000 of 12,000"
        assert shown.bar.tasks[0].description == "reading toy"
