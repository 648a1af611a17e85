"""What a snapshot promises whatever the database is. Test modules import these tests and run them on their own `tracking`."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.entities import ViewType

from results.error import CatsError
from results.record import Outcome
from results.tracking import incremental as follow
from results.tracking.experiment import Experiment
from results.tracking.send import create_run, send
from results.tracking.snapshot import frame_of, unchanged
from tests.support.records import OLD, TABLE

EARLY = 1_600_000_000


@pytest.fixture(name="folder")
def folder_of_snapshots(tmp_path):
    return tmp_path / "snapshots"


@pytest.fixture(name="large")
def small_slices(monkeypatch):
    """As if a slice of two runs were as small as one of 200 among thousands."""
    monkeypatch.setattr(follow, "SLICE", 2)
    monkeypatch.setattr(follow, "PAGE", 3)


def send_numbered(tracking, number, at=None, **changes):
    at = EARLY + number if at is None else at
    record = OLD.model_copy(update={"key": f"k{number}", "attempt": f"a{number}", "started": at, "ended": at + 1} | changes)
    return send(tracking, Outcome(record, TABLE if record.status == "finished" else None), first=True, alone=lambda: True)


def same(tracking, folder, **options):
    """The snapshot's frame, once it is seen to be MLflow's, also for one who only reads the file, as soon as that may be."""
    told = frame_of(tracking, folder, **options)
    truth = tracking.frame()
    pd.testing.assert_frame_equal(told, truth, check_like=True)
    if (again := unchanged(folder, tracking.uri, tracking.name)) is not None:
        pd.testing.assert_frame_equal(again, truth, check_like=True)
    return told


def reads(tracking, monkeypatch):
    """How many runs each request brings from now on."""
    brought = []
    real = tracking.client.search_runs

    def search(*arguments):
        page = real(*arguments)
        brought.append(len(page))
        return page

    monkeypatch.setattr(tracking.client, "search_runs", search)
    return brought


def test_new_deleted_restored_and_retagged_runs_of_a_small_experiment_show_at_once(tracking, folder):
    runs = [send_numbered(tracking, number) for number in range(4)]
    assert len(same(tracking, folder)) == 4
    tracking.client.delete_run(runs[1])
    assert len(same(tracking, folder)) == 3
    tracking.client.restore_run(runs[1])
    assert len(same(tracking, folder)) == 4
    tracking.client.set_tag(runs[0], "cats.leak", "they share images")
    assert same(tracking, folder)["leak"].notna().sum() == 1
    tracking.client.delete_tag(runs[2], "cats.key")
    assert len(same(tracking, folder)) == 3


def test_an_experiment_that_is_deleted_and_made_again_starts_empty(tracking, folder):
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for number in range(3):
        send_numbered(tracking, number)
    same(tracking, folder)
    tracking.client.delete_experiment(tracking.experiment_id)
    with pytest.raises(CatsError, match="was deleted"):
        Experiment(tracking.uri, "toy", create=False)
    SqlAlchemyStore(tracking.uri, "artifacts")._hard_delete_experiment(tracking.experiment_id)
    again = Experiment(tracking.uri, "toy")
    assert unchanged(folder, tracking.uri, "toy") is None
    assert len(frame_of(again, folder)) == 0
    send_numbered(again, 7)
    assert list(same(again, folder)["key"]) == ["k7"]


@pytest.mark.slow
def test_the_long_way_finds_new_deleted_and_restored_runs_and_reads_few(tracking, folder, large, monkeypatch):
    runs = [send_numbered(tracking, number) for number in range(20)]
    same(tracking, folder)
    tracking.client.delete_run(runs[3])
    tracking.client.delete_run(runs[18])
    same(tracking, folder)
    tracking.client.restore_run(runs[3])
    send_numbered(tracking, 31)
    brought = reads(tracking, monkeypatch)
    frame = frame_of(tracking, folder)
    assert sum(brought) < 15
    pd.testing.assert_frame_equal(frame, tracking.frame(), check_like=True)
    assert set(frame["key"]) == {f"k{n}" for n in range(20)} - {"k18"} | {"k31"}


@pytest.mark.slow
@pytest.mark.parametrize("position", [0, 4, 7])
def test_the_long_way_finds_a_run_that_arrives_late_and_belongs_before_others(tracking, folder, large, position):
    for number in range(8):
        send_numbered(tracking, number)
    same(tracking, folder)
    send_numbered(tracking, 99, at=EARLY + position + 0.5)
    assert same(tracking, folder)["key"].tolist()[position + 1] == "k99"


@pytest.mark.slow
def test_the_long_way_follows_a_run_from_its_start_to_its_end_and_one_that_is_resumed(tracking, folder, large):
    record = OLD.model_copy(update={"key": "slow", "attempt": "s", "started": EARLY, "ended": EARLY + 1})
    create_run(tracking, record)
    runs = [send_numbered(tracking, number) for number in range(1, 12)]
    assert same(tracking, folder).iloc[0]["status"] == "RUNNING"
    send(tracking, Outcome(record, TABLE))
    assert same(tracking, folder).iloc[0]["status"] == "FINISHED"
    tracking.client.update_run(runs[2], "RUNNING")
    assert same(tracking, folder).iloc[3]["status"] == "RUNNING"
    tracking.client.log_metric(runs[2], "test_auc", 0.123)
    tracking.client.set_terminated(runs[2], "FAILED")
    row = same(tracking, folder).iloc[3]
    assert (row["status"], row["test_auc"]) == ("FAILED", 0.123)


@pytest.mark.slow
def test_the_long_way_finds_a_run_that_was_resumed_and_ended_between_two_looks(tracking, folder, large):
    runs = [send_numbered(tracking, number) for number in range(12)]
    same(tracking, folder)
    tracking.client.update_run(runs[2], "RUNNING")
    tracking.client.log_metric(runs[2], "test_auc", 0.123)
    tracking.client.set_terminated(runs[2], "FAILED")
    assert same(tracking, folder).iloc[2]["test_auc"] == 0.123


@pytest.mark.slow
def test_the_long_way_finds_a_new_tag_in_turn_and_at_once_if_everything_is_read_again(tracking, folder, large):
    runs = [send_numbered(tracking, number) for number in range(12)]
    same(tracking, folder)
    tracking.client.set_tag(runs[5], "cats.leak", "they share images")
    looks = 0
    while frame_of(tracking, folder)["leak"].isna().all():
        looks += 1
        assert looks <= 12 / follow.SLICE
    assert looks > 0  # else the turn was not what found it
    tracking.client.set_tag(runs[9], "cats.leak", "and they")
    assert same(tracking, folder, fresh=True)["leak"].notna().sum() == 2


@pytest.mark.slow
def test_runs_that_are_removed_for_good_are_gone(tracking, folder, large):
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(tracking.uri, "artifacts")
    runs = [send_numbered(tracking, number) for number in range(12)]
    same(tracking, folder)
    for run in (runs[4], runs[5]):
        tracking.client.delete_run(run)
        store._hard_delete_run(run)
    assert len(same(tracking, folder)) == 10
    tracking.client.delete_run(runs[7])
    same(tracking, folder)
    store._hard_delete_run(runs[7])
    send_numbered(tracking, 50)  # as many come as go
    assert set(same(tracking, folder)["key"]) == {f"k{n}" for n in range(12)} - {"k4", "k5", "k7"} | {"k50"}


@pytest.mark.slow
def test_other_peoples_runs_are_not_in_the_frame_and_bring_no_column(tracking, folder, large):
    for number in range(4):
        send_numbered(tracking, number)
        other = tracking.client.create_run(tracking.experiment_id)
        tracking.client.log_param(other.info.run_id, "colour", "red")
    assert "colour" not in same(tracking, folder)
    gone = send_numbered(tracking, 9, settings={"odd": "1"})
    assert "odd" in same(tracking, folder)
    tracking.client.delete_run(gone)
    assert "odd" not in same(tracking, folder)


def whatever_happens(examples):
    """A test that whatever happens, in whatever order, the long way ends at the same frame; of so many orders."""

    @pytest.mark.slow
    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        acts=st.lists(
            st.tuples(st.sampled_from(["send", "delete", "restore", "start", "look"]), st.integers(0, 40)), max_size=14
        )
    )
    def test(tracking, tmp_path_factory, large, acts):
        folder = tmp_path_factory.mktemp("any")
        here = Experiment(tracking.uri, folder.name)
        for number in range(5):
            send_numbered(here, number)
        for count, (act, number) in enumerate(acts):
            runs = list(here.runs(view=ViewType.ALL))
            run = runs[number % len(runs)]
            if act == "send":
                send_numbered(here, 100 + count, at=EARLY + number / 8)
            elif act == "delete" and run.info.lifecycle_stage == "active":
                here.client.delete_run(run.info.run_id)
            elif act == "restore" and run.info.lifecycle_stage == "deleted":
                here.client.restore_run(run.info.run_id)
            elif act == "start":
                create_run(here, OLD.model_copy(update={"key": f"r{count}", "started": EARLY + number}))
            else:
                frame_of(here, folder)
        told, truth = frame_of(here, folder), here.frame()
        pd.testing.assert_frame_equal(told, truth, check_like=True)

    return test
