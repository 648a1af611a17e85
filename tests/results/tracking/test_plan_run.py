"""The run of a plan: one for each experiment, ended at once, and the cells are below it."""

import pandas as pd

from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.plan_run import plan_run
from results.tracking.send import send
from results.tracking.snapshot import frame_of
from tests.support.records import OLD


def plans(tracking):
    return list(tracking.runs("tags.`cats.kind` = 'plan'"))


def test_there_is_one_run_of_a_plan_and_the_runs_after_it_are_below_it(tracking):
    tracking.parent = plan_run(tracking)
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
