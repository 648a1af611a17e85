"""The board in MLflow: one run, the description of the experiment, and no effect on boards and tables."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from results.board.board import make_board
from results.board.export import read_board
from results.board.page import note_of, page_of, show_in_mlflow
from results.board.request import RunQuery
from results.record import Outcome
from results.tracking.connection import FAILURES
from results.tracking.experiment import Experiment
from results.tracking.log_board import LONGEST_NOTE, NOTE, log_board
from results.tracking.plan_run import plan_run
from results.tracking.send import send
from results.tracking.snapshot import frame_of, unchanged
from results.tracking.writer import close_abandoned
from tests.support.records import OLD
from tests.support.runs import CLEAR, board

AUC = {("good", 0): 0.9, ("good", 1): 0.92, ("bad", 0): 0.6, ("bad", 1): 0.62}


def put(tracking, figures=AUC, target="pond", **changes):
    for (source, seed), auc in figures.items():
        names = {"source": source, "target": target, "backbone": "net", "seed": str(seed)}
        key = sha256(f"{source}-{target}-{seed}".encode()).hexdigest()
        record = OLD.model_copy(update={"key": key, "attempt": key, "names": names, "scores": {"auc": auc}, **changes})
        send(tracking, Outcome(record), first=True, alone=lambda: True)


def board_of(tracking):
    return make_board(tracking.frame(), RunQuery("toy"))


def boards(tracking):
    return list(tracking.runs("tags.`cats.kind` = 'board'"))


def tags_of(tracking):
    return tracking.client.get_experiment(tracking.experiment_id).tags


def test_a_board_is_one_run_with_the_figures_of_each_source_and_the_file(tracking):
    put(tracking)
    made = board_of(tracking)
    run = tracking.client.get_run(log_board(tracking, page_of(made)))
    wanted = {f"mean_rank.{row.source}": row.mean_rank for row in made.overall}
    wanted |= {f"p_best.{row.source}": row.p_best for row in made.overall if row.p_best is not None}
    assert run.data.metrics == pytest.approx(wanted)
    assert run.data.metrics["mean_rank.good"] == 1.0
    file = Path(run.info.artifact_uri.removeprefix("file://")) / "board.json"
    assert read_board(file.read_text(), "board.json") == made
    assert (run.info.status, run.info.run_name, run.data.tags["cats.metric"]) == ("FINISHED", "board", "auc")


def test_the_same_board_writes_nothing_and_another_one_updates_the_run(tracking):
    put(tracking)
    first = log_board(tracking, page_of(board_of(tracking)))
    before = [run.to_dictionary() for run in boards(tracking)]
    assert log_board(tracking, page_of(board_of(tracking))) == first
    assert [run.to_dictionary() for run in boards(tracking)] == before
    put(tracking, {("good", 2): 0.1, ("bad", 2): 0.99, ("good", 3): 0.1, ("bad", 3): 0.99})
    assert log_board(tracking, page_of(board_of(tracking))) == first
    (run,) = boards(tracking)
    assert run.data.metrics["p_best.good"] != before[0]["data"]["metrics"]["p_best.good"]


def test_a_source_that_is_gone_from_the_board_is_gone_from_the_run(tracking):
    put(tracking, AUC | {("third", 0): 0.5, ("third", 1): 0.5})
    log_board(tracking, page_of(board_of(tracking)))
    for run in tracking.runs("params.source = 'third'"):
        tracking.client.delete_run(run.info.run_id)
    log_board(tracking, page_of(board_of(tracking)))
    (run,) = boards(tracking)
    assert not [name for name in run.data.metrics if "third" in name]


def test_tables_and_boards_are_the_same_with_and_without_the_runs_of_board_and_plan(tracking, tmp_path):
    put(tracking)
    before, made = tracking.frame(), board_of(tracking)
    log_board(tracking, page_of(made))
    plan_run(tracking)
    pd.testing.assert_frame_equal(tracking.frame(), before)
    pd.testing.assert_frame_equal(frame_of(tracking, tmp_path / "snapshots"), before, check_like=True)
    assert board_of(tracking) == made
    assert close_abandoned(tracking) == 0


def test_a_board_that_a_dead_process_left_is_completed(tracking):
    put(tracking)
    tracking.client.create_run(tracking.experiment_id, tags={"cats.kind": "board"})
    assert close_abandoned(tracking) == 1
    log_board(tracking, page_of(board_of(tracking)))
    (run,) = boards(tracking)
    assert (run.info.status, run.data.metrics["mean_rank.good"]) == ("FINISHED", 1.0)


def test_two_processes_that_make_the_run_at_once_leave_one(tracking, monkeypatch):
    put(tracking)
    page, real = page_of(board_of(tracking)), tracking.client.create_run

    def twice(*arguments, **options):
        other = real(tracking.experiment_id, 1, {"cats.kind": "board"})
        return (real(*arguments, **options), other)[0]

    monkeypatch.setattr(tracking.client, "create_run", twice)
    log_board(tracking, page)
    (run,) = boards(tracking)
    assert (run.info.start_time, run.data.metrics["mean_rank.good"]) == (1, 1.0)


def test_the_description_says_the_answer_first_and_names_are_harmless(tracking):
    evil = "<img src=x>|`a`"
    put(tracking, {(evil, 0): 0.9, (evil, 1): 0.92, ("bad", 0): 0.6, ("bad", 1): 0.62})
    log_board(tracking, page_of(board_of(tracking)))
    note = tags_of(tracking)[NOTE]
    assert note.splitlines()[0].startswith("**")
    assert "<img" not in note
    assert "&lt;img src=x>\\|\\`a\\`" in note
    assert "| bad |" in note


@pytest.mark.parametrize("count", [3, 100, 600])
def test_a_description_fits_into_what_mlflow_keeps(tracking, count):
    note = note_of(board_of_many(count))
    assert len(note) <= LONGEST_NOTE
    assert ("more sources are in `board.json`" in note) == (count > 3)
    tracking.client.set_experiment_tag(tracking.experiment_id, NOTE, note)


def board_of_many(count):
    """A board with so many sources, in ties."""
    small = board(CLEAR)
    return replace(small, overall=[replace(small.overall[0], source=f"source number {i}") for i in range(count)])


def test_a_description_that_a_person_has_written_stays(tracking):
    put(tracking)
    log_board(tracking, page_of(board_of(tracking)))
    tracking.client.set_experiment_tag(tracking.experiment_id, NOTE, "My own words.")
    put(tracking, {("bad", 2): 0.99, ("good", 2): 0.1})
    log_board(tracking, page_of(board_of(tracking)))
    assert tags_of(tracking)[NOTE] == "My own words."


def test_an_experiment_opens_on_the_runs_that_were_trained(tracking):
    assert tags_of(tracking)["mlflow.experimentKind"] == "custom_model_development"


def test_an_older_experiment_gets_the_kind_with_its_first_board(tracking):
    older = tracking.client.create_experiment("older")
    again = Experiment(tracking.uri, "older")
    put(again)
    log_board(again, page_of(make_board(again.frame(), RunQuery("older"))))
    assert again.experiment_id == older
    assert tags_of(again)["mlflow.experimentKind"] == "custom_model_development"


def test_a_board_that_mlflow_has_is_not_written_again_and_the_snapshot_stays_valid(tracking, tmp_path):
    put(tracking)
    folder = tmp_path / "snapshots"
    frame = frame_of(tracking, folder)
    made = board_of(tracking)
    show_in_mlflow(made, tracking.uri, frame, folder)
    assert len(boards(tracking)) == 1
    frame_of(tracking, folder)
    assert unchanged(folder, tracking.uri, "toy") is not None
    show_in_mlflow(made, tracking.uri, frame, folder)
    assert unchanged(folder, tracking.uri, "toy") is not None


@pytest.mark.slow
def test_a_large_database_gets_the_board_of_new_runs_and_no_other_board_of_the_same_runs(tracking, tmp_path, monkeypatch):
    """It got none, so that MLflow showed an old board. Two plans on the same runs would cost time at every turn."""
    monkeypatch.setattr("results.board.page.SMALL", 3)
    put(tracking)
    folder = tmp_path / "snapshots"
    show_in_mlflow(board_of(tracking), tracking.uri, tracking.frame(), folder)
    assert len(boards(tracking)) == 1
    first = tags_of(tracking)[NOTE]
    other = replace(board_of(tracking), experiment="toy", metric="f1")
    show_in_mlflow(other, tracking.uri, tracking.frame(), folder)
    assert tags_of(tracking)[NOTE] == first
    show_in_mlflow(other, tracking.uri, tracking.frame(), folder, always=True)
    assert "test F1" in tags_of(tracking)[NOTE]
    put(tracking, {("bad", 2): 0.99, ("good", 2): 0.1})
    show_in_mlflow(board_of(tracking), tracking.uri, tracking.frame(), folder)
    assert "test AUC" in tags_of(tracking)[NOTE]


@pytest.mark.parametrize("error", FAILURES[:2])
def test_a_database_that_takes_nothing_changes_no_board(tracking, tmp_path, monkeypatch, error):
    put(tracking)
    made = board_of(tracking)

    def refuse(*_, **__):
        raise error("readonly database")

    monkeypatch.setattr("results.tracking.client.Client.set_experiment_tag", refuse)
    show_in_mlflow(made, tracking.uri, tracking.frame(), tmp_path / "snapshots")
    assert boards(tracking) == []


def test_the_file_of_the_run_is_what_the_command_writes(tracking):
    put(tracking)
    page = page_of(board_of(tracking))
    assert json.loads(page.text)["experiment"] == "toy"
