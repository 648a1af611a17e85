"""A command that was stopped prints the call that goes on: what was typed, quoted, without secrets."""

import shlex

import pytest

from benchmark.cli.again import larger, named, remember, resume
from benchmark.execution.dispatch.transport import TransportLostError


def stopped(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("benchmark.execution.resolution.resolve_plan", "-q run quickstart --adaptive --level=0.9 --cells 3"),
        pytest.param(
            "benchmark.answers.score.score_pairs",
            "score quickstart --images 50 --tracking-uri 'sqlite:///my runs.db'",
            marks=pytest.mark.slow,
        ),
        (
            "benchmark.answers.choose.tried",
            "choose ihc --sources scratch 'digits[from=textures]' --keep none --cells 4 --tracking-uri sqlite:///c.db",
        ),
    ],
)
def test_a_command_that_is_stopped_prints_the_call_with_its_options(cats, monkeypatch, place, words):
    monkeypatch.setattr(place, stopped)
    code, out, err = cats(*shlex.split(words))
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == f"stopped; nothing finished is lost. Resume with: cats {words}"


def test_an_error_after_which_a_new_call_goes_on_is_followed_by_that_call(cats, monkeypatch):
    def lost(*_):
        raise TransportLostError("the scheduler is gone")

    monkeypatch.setattr("benchmark.execution.resolution.resolve_plan", lost)
    code, _, err = cats("run", "quickstart", "--hours", "1")
    call = "Resume with (--hours counts from the new call on): cats run quickstart --hours 1"
    assert (code, err) == (2, f"cats: the scheduler is gone\n{call}\n")


def test_no_password_is_in_the_line_and_what_is_hidden_is_said(cats, monkeypatch):
    monkeypatch.setattr("benchmark.execution.resolution.resolve_plan", stopped)
    for words in (
        ["--tracking-uri", "postgresql://me:hunter2@host/db"],
        ["--tracking-uri=mysql+pymysql://me:hunter2@host/db"],
        ["--tracking-uri", "postgresql://host/db?password=hunter2"],
    ):
        _, _, err = cats("run", "quickstart", *words)
        assert "Resume with (type what is hidden in place of ***): cats run quickstart " in err
        assert "hunter2" not in err
        assert "host" in err


@pytest.mark.parametrize(
    ("typed", "limit", "line"),
    [
        ("run p.yaml --cells 2", "cells", "Resume with twice the budget: cats run p.yaml --cells 4"),
        ("run p.yaml --cells=2", "cells", "Resume with twice the budget: cats run p.yaml --cells=4"),
        ("run 'my plan.yaml'", "co2e_kg", "Resume with twice the budget: cats run 'my plan.yaml' --co2e-kg 4"),
        ("run --cells 2 -- -p.yaml", "kwh", "Resume with twice the budget: cats run --cells 2 --kwh 4 -- -p.yaml"),
        ("run p.yaml --hours 2", "hours", "Resume for as long again with"),
    ],
)
def test_a_limit_that_is_used_up_is_doubled_and_hours_begin_again(typed, limit, line):
    remember(shlex.split(typed))
    hours = f" (--hours counts from the new call on): cats {typed}" if limit == "hours" else ""
    assert larger(limit, 2) == f"{line}{hours}"
    assert resume().endswith(f": cats {typed}")


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("run my.yaml --cells 2", "my.yaml"),
        ("run my.yaml --tracking-uri sqlite:///a.db", "my.yaml --tracking-uri sqlite:///a.db"),
        ("run --tracking-uri=sqlite:///a.db my.yaml", "my.yaml --tracking-uri sqlite:///a.db"),
        ("run -- my.yaml --tracking-uri", "my.yaml"),
    ],
)
def test_another_command_on_the_same_plan_gets_the_address_of_its_records(typed, command):
    remember(typed.split())
    assert named("my.yaml") == command
    assert named("my plan.yaml") == command.replace("my.yaml", "'my plan.yaml'")
