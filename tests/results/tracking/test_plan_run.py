"""The run of a plan: one for each experiment, ended at once, and the cells are below it."""

from pathlib import Path

import pandas as pd
import pytest

from results.record import Cost, Energy, Outcome
from results.tracking.experiment import Experiment
from results.tracking.plan_run import PLAN, fold, log_totals, plan_run
from results.tracking.plan_totals import totals_of
from results.tracking.send import send
from results.tracking.snapshot import frame_of
from tests.support.records import OLD


def plans(tracking):
    return list(tracking.runs("tags.`cats.kind` = 'plan'"))


def test_there_is_one_run_of_a_plan_and_the_runs_after_it_are_below_it(tracking):
    fold(tracking)
    assert plan_run(Experiment(tracking.uri, tracking.name)) == tracking.parent
    (plan,) = plans(tracking)
    assert (plan.info.status, plan.info.run_name) == ("FINISHED", "toy")
    run = tracking.client.get_run(send(tracking, Outcome(OLD)))
    assert run.data.tags["mlflow.parentRunId"] == plan.info.run_id


def test_a_record_that_is_sent_twice_is_one_run_below_the_plan(tracking):
    tracking.parent = plan_run(tracking)
    assert send(tracking, Outcome(OLD)) == send(tracking, Outcome(OLD))
    assert len(tracking.frame()) == 1


def test_a_run_of_a_plan_that_a_dead_process_left_is_ended(tracking):
    tracking.client.create_run(tracking.experiment_id, tags={"cats.kind": "plan"})
    plan_run(tracking)
    (plan,) = plans(tracking)
    assert plan.info.status == "FINISHED"


def test_two_drivers_that_make_one_at_once_use_the_same(tracking, monkeypatch):
    real = tracking.client.create_run

    def twice(*arguments, **options):
        other = real(tracking.experiment_id, 1, {"cats.kind": "plan"})
        return (real(*arguments, **options), other)[0]

    with monkeypatch.context() as patch:
        patch.setattr(tracking.client, "create_run", twice)
        mine = plan_run(tracking)
    (plan,) = plans(tracking)
    assert plan.info.run_id == mine == plan_run(tracking)


def test_a_plan_whose_run_comes_between_others_disturbs_no_snapshot(tracking, tmp_path):
    for number in range(3):
        record = OLD.model_copy(update={"key": f"k{number}", "attempt": f"a{number}", "started": 2e9 + number})
        send(tracking, Outcome(record))
        frame_of(tracking, tmp_path)
    plan_run(tracking)  # began before them
    pd.testing.assert_frame_equal(frame_of(tracking, tmp_path), tracking.frame(), check_like=True)


def test_a_server_that_refuses_gives_runs_without_a_plan(tracking, monkeypatch):
    def refuse(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(tracking.client, "create_run", refuse)
    assert plan_run(tracking) is None


def kept_plan(tracking):
    (plan,) = plans(tracking)
    return Path(plan.info.artifact_uri.removeprefix("file://"), PLAN).read_text()


def test_the_run_of_a_plan_holds_the_plan_that_was_run_last(tracking, monkeypatch):
    """It was empty."""
    fold(tracking, "experiment: toy\n")
    assert kept_plan(tracking) == "experiment: toy\n"
    fold(tracking, "experiment: toy\nseeds: 3\n")
    assert kept_plan(tracking) == "experiment: toy\nseeds: 3\n"
    fold(tracking)
    monkeypatch.setattr("results.tracking.plan_run.upload", None)  # the same plan is not written again
    fold(tracking, "experiment: toy\nseeds: 3\n")
    assert kept_plan(tracking) == "experiment: toy\nseeds: 3\n"


def cost(kwh, *, undivided=False):
    energy = {"cpu": Energy(kwh=kwh, provenance="missing" if kwh is None else "modelled")}
    return Cost(phase="training", seconds=2.0, energy=energy, undivided=undivided)


def test_totals_count_what_is_known_and_say_of_how_many_attempts_it_is_not(tracking):
    """Energy that an attempt shares with others in an unknown part would be counted twice."""
    made = [(cost(0.5),), (cost(0.25), cost(None)), (), (cost(3.0, undivided=True),), (cost(0.125),)]
    for number, costs in enumerate(made):
        status = {"status": "failed", "reason": "no memory"} if number == 4 else {}
        record = OLD.model_copy(update={"key": f"k{number}", "attempt": f"a{number}", "costs": costs, **status})
        send(tracking, Outcome(record))
    totals = totals_of(tracking.frame())
    assert totals == {
        "cells_finished": 4, "attempts": 5, "attempts_failed": 1, "attempts_energy_unknown": 3,
        "energy_kwh_known": pytest.approx(0.625), "seconds": 10.0,
    }  # fmt: skip
    assert "energy_kwh_known" not in totals_of(tracking.frame().query("kwh.isna()"))
    log_totals(tracking, totals)  # there is no run of a plan: an experiment of an earlier version
    plan_run(tracking)
    log_totals(tracking, totals)
    (plan,) = plans(tracking)
    assert plan.data.metrics == totals


def test_totals_that_are_known_are_not_written_again(tracking, monkeypatch):
    plan_run(tracking)
    log_totals(tracking, {"cells_finished": 4.0})
    monkeypatch.setattr(tracking.client, "log_batch", None)
    log_totals(tracking, {"cells_finished": 4.0})
