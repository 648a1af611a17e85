"""What a user sees while images are counted: a bar at a terminal, lines elsewhere, nothing with -q or for short work."""

import logging

import pytest

from benchmark.cli import counts
from benchmark.cli.counts import shown_count
from benchmark.cli.terminal import begin_log, say_less


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Every number is shown, and the log is as it was afterwards."""
    monkeypatch.setattr(counts, "SHORT", 0)
    monkeypatch.setattr(counts, "EVERY", 0)
    level = logging.getLogger().level
    yield
    begin_log()
    logging.getLogger().setLevel(level)


def shown(capsys):
    with shown_count("decoding to\x1by", 10, 100, "images") as count:
        count(60)
        count(70)
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_lines_where_there_is_no_terminal(capsys):
    lines = shown(capsys).splitlines()
    assert [line.rpartition(", ")[0] for line in lines] == [f"decoding to\\u001by: {done} of 100" for done in (60, 70)]
    assert all(line.endswith(" images/s") for line in lines)


def test_slow_work_has_a_pace_of_minutes(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(counts.time, "monotonic", lambda: now[0])
    with shown_count("reading runs", 0, 12, "runs") as count:
        now[0] = 24.0
        count(3)
    assert capsys.readouterr().err == "reading runs: 3 of 12, 7.5 runs/min\n"


def test_a_bar_at_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    text = shown(capsys)
    assert "decoding to\\u001by" in text
    assert "70/100" in text
    assert text.endswith("\x1b[2K")  # the bar is taken away


def test_nothing_if_the_user_wants_quiet_or_the_work_is_short(capsys, monkeypatch):
    monkeypatch.setattr(counts, "SHORT", 100)
    assert shown(capsys) == ""
    monkeypatch.setattr(counts, "SHORT", 0)
    say_less()
    assert shown(capsys) == ""
