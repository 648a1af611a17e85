"""The snapshot is what MLflow says, against a real sqlite MLflow; the long way (more runs than a slice) with small slices."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.entities import ViewType

from results.error import CatsError
from results.record import Outcome, Record
from results.statistics import influence
from results.tracking import incremental as follow
from results.tracking import snapshot
from results.tracking.change_counter import witness
from results.tracking.experiment import Tracking
from results.tracking.predictions import images_of, predictions_of
from results.tracking.snapshot import file_of, frame_of, unchanged
from tests.support.paths import ASSETS, ROOT
from tests.support.predictions import predictions

OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())
TABLE = pd.DataFrame({"sample": ["a", "b"], "label": [0, 1], "probability_no": [0.2, 0.7]})
EARLY = 1_600_000_000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "snapshots"


@pytest.fixture
def large(monkeypatch):
    """As if a slice of two runs were as small as one of 200 among thousands."""
    monkeypatch.setattr(follow, "SLICE", 2)
    monkeypatch.setattr(follow, "PAGE", 3)


def send(tracking, number, at=None, **changes):
    at = EARLY + number if at is None else at
    record = OLD.model_copy(update={"key": f"k{number}", "attempt": f"a{number}", "started": at, "ended": at + 1} | changes)
    return tracking.send(Outcome(record, TABLE if record.status == "finished" else None))


def same(tracking, folder, **options):
    """The snapshot's frame, once it is seen to be MLflow's, also for one who only reads the file, as soon as that may be."""
    told = frame_of(tracking, folder, **options)
    truth = tracking.frame()
    pd.testing.assert_frame_equal(told, truth, check_like=True)
    if (again := unchanged(folder, tracking.uri, tracking.experiment)) is not None:
        pd.testing.assert_frame_equal(again, truth, check_like=True)
    return told


def test_a_file_is_trusted_after_a_whole_round_of_an_unchanged_database_and_not_before(tracking, folder, large):
    for number in range(7):
        send(tracking, number)
    same(tracking, folder)  # all of them are read
    assert unchanged(folder, tracking.uri, tracking.experiment) is not None
    send(tracking, 7)
    rounds = 0
    while unchanged(folder, tracking.uri, tracking.experiment) is None:
        same(tracking, folder)
        rounds += 1
    assert rounds == 6 / follow.SLICE  # what lies behind the last mark is read with every call


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


def test_an_experiment_without_runs_has_an_empty_frame(tracking, folder):
    assert len(frame_of(tracking, folder)) == 0
    assert len(unchanged(folder, tracking.uri, "toy")) == 0
    send(tracking, 1)
    assert len(same(tracking, folder)) == 1


def test_what_nobody_touched_is_read_without_mlflow(tracking, folder):
    send(tracking, 1)
    frame_of(tracking, folder)
    code = (
        "import sys, pathlib; from results.tracking.snapshot import unchanged;"
        f"frame = unchanged(pathlib.Path({str(folder)!r}), {tracking.uri!r}, 'toy');"
        "assert list(frame['key']) == ['k1'] and 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_looking_at_a_database_leaves_its_witness_as_it_is(tracking):
    send(tracking, 1)
    before = witness(tracking.uri)
    assert before is not None
    Tracking(tracking.uri, "toy", create=False).frame()
    assert witness(tracking.uri) == before


def test_every_change_changes_the_witness(tracking):
    seen = {witness(tracking.uri)}
    run = send(tracking, 1)
    seen.add(witness(tracking.uri))
    tracking.client.set_tag(run, "cats.kind", "else")
    seen.add(witness(tracking.uri))
    tracking.client.delete_run(run)
    seen.add(witness(tracking.uri))
    assert len(seen) == 4


def test_there_is_no_witness_while_somebody_writes_nor_of_what_is_no_database(tracking, tmp_path):
    assert witness("http://localhost:5000") is None
    assert witness(f"sqlite:///{tmp_path}/none.db") is None
    (tmp_path / "text.db").write_text("x" * 200)
    assert witness(f"sqlite:///{tmp_path}/text.db") is None
    (tmp_path / "mlflow.db-journal").write_bytes(b"at work")
    assert witness(tracking.uri) is None


def test_a_database_with_a_write_ahead_log_has_no_witness(tracking):
    import sqlite3

    with sqlite3.connect("mlflow.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
    database.close()
    assert witness(tracking.uri) is None


def test_a_database_in_the_place_of_another_has_another_witness(tracking, tmp_path):
    before = witness(tracking.uri)
    shutil.copy(tmp_path / "mlflow.db", tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(tmp_path / "mlflow.db")
    assert witness(tracking.uri) != before


def test_without_a_witness_the_snapshot_is_followed_all_the_same(tracking, folder, monkeypatch, large):
    monkeypatch.setattr(snapshot, "witness", lambda uri: None)
    for number in range(9):
        send(tracking, number)
        pd.testing.assert_frame_equal(frame_of(tracking, folder), tracking.frame(), check_like=True)
    assert unchanged(folder, tracking.uri, "toy") is None


def test_new_deleted_restored_and_retagged_runs_of_a_small_experiment_show_at_once(tracking, folder):
    runs = [send(tracking, number) for number in range(4)]
    assert len(same(tracking, folder)) == 4
    tracking.client.delete_run(runs[1])
    assert len(same(tracking, folder)) == 3
    tracking.client.restore_run(runs[1])
    assert len(same(tracking, folder)) == 4
    tracking.client.set_tag(runs[0], "cats.leak", "they share images")
    assert same(tracking, folder)["leak"].notna().sum() == 1
    tracking.client.delete_tag(runs[2], "cats.key")
    assert len(same(tracking, folder)) == 3


def test_a_run_of_another_process_shows_at_once(tracking, folder, large):
    for number in range(7):
        send(tracking, number)
    same(tracking, folder)
    code = (
        "import sys; sys.path[:0] = sys.argv[1:2]\n"
        "from tests.results.tracking.test_snapshot import *\n"
        "send(Tracking('sqlite:///mlflow.db', 'toy'), 99)"
    )
    subprocess.run([sys.executable, "-c", code, str(ROOT)], check=True)
    assert "k99" in set(same(tracking, folder)["key"])


def test_an_experiment_that_is_deleted_and_made_anew_starts_empty(tracking, folder):
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for number in range(3):
        send(tracking, number)
    same(tracking, folder)
    tracking.client.delete_experiment(tracking.experiment_id)
    with pytest.raises(CatsError, match="was deleted"):
        Tracking(tracking.uri, "toy", create=False)
    SqlAlchemyStore(tracking.uri, "artifacts")._hard_delete_experiment(tracking.experiment_id)
    anew = Tracking(tracking.uri, "toy")
    assert unchanged(folder, tracking.uri, "toy") is None
    assert len(frame_of(anew, folder)) == 0
    send(anew, 7)
    assert list(same(anew, folder)["key"]) == ["k7"]


def test_the_long_way_finds_new_deleted_and_restored_runs_and_reads_few(tracking, folder, large, monkeypatch):
    runs = [send(tracking, number) for number in range(30)]
    same(tracking, folder)
    tracking.client.delete_run(runs[3])
    tracking.client.delete_run(runs[28])
    same(tracking, folder)
    tracking.client.restore_run(runs[3])
    send(tracking, 31)
    brought = reads(tracking, monkeypatch)
    frame = frame_of(tracking, folder)
    assert sum(brought) < 15
    pd.testing.assert_frame_equal(frame, tracking.frame(), check_like=True)
    assert set(frame["key"]) == {f"k{n}" for n in range(30)} - {"k28"} | {"k31"}


@pytest.mark.parametrize("position", [0, 4, 15, 29])
def test_the_long_way_finds_a_run_that_arrives_late_and_belongs_before_others(tracking, folder, large, position):
    for number in range(30):
        send(tracking, number)
    same(tracking, folder)
    send(tracking, 99, at=EARLY + position + 0.5)
    assert same(tracking, folder)["key"].tolist()[position + 1] == "k99"


def test_the_long_way_follows_a_run_from_its_start_to_its_end_and_one_that_is_resumed(tracking, folder, large):
    record = OLD.model_copy(update={"key": "slow", "attempt": "s", "started": EARLY, "ended": EARLY + 1})
    tracking._create(record, EARLY * 1000)
    runs = [send(tracking, number) for number in range(1, 20)]
    assert same(tracking, folder).iloc[0]["status"] == "RUNNING"
    tracking.send(Outcome(record, TABLE))
    assert same(tracking, folder).iloc[0]["status"] == "FINISHED"
    tracking.client.update_run(runs[2], "RUNNING")
    assert same(tracking, folder).iloc[3]["status"] == "RUNNING"
    tracking.client.log_metric(runs[2], "test_auc", 0.123)
    tracking.client.set_terminated(runs[2], "FAILED")
    row = same(tracking, folder).iloc[3]
    assert (row["status"], row["test_auc"]) == ("FAILED", 0.123)


def test_the_long_way_finds_a_run_that_was_resumed_and_ended_between_two_looks(tracking, folder, large):
    runs = [send(tracking, number) for number in range(20)]
    same(tracking, folder)
    tracking.client.update_run(runs[2], "RUNNING")
    tracking.client.log_metric(runs[2], "test_auc", 0.123)
    tracking.client.set_terminated(runs[2], "FAILED")
    assert same(tracking, folder).iloc[2]["test_auc"] == 0.123


def test_the_long_way_finds_a_new_tag_in_turn_and_at_once_if_everything_is_read_again(tracking, folder, large):
    runs = [send(tracking, number) for number in range(20)]
    same(tracking, folder)
    tracking.client.set_tag(runs[9], "cats.leak", "they share images")
    looks = 0
    while frame_of(tracking, folder)["leak"].isna().all():
        looks += 1
        assert looks <= 20 / follow.SLICE
    assert looks > 0  # else the turn was not what found it
    tracking.client.set_tag(runs[15], "cats.leak", "and they")
    assert same(tracking, folder, fresh=True)["leak"].notna().sum() == 2


def test_runs_that_are_removed_for_good_are_gone(tracking, folder, large):
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(tracking.uri, "artifacts")
    runs = [send(tracking, number) for number in range(20)]
    same(tracking, folder)
    for run in (runs[4], runs[5]):
        tracking.client.delete_run(run)
        store._hard_delete_run(run)
    assert len(same(tracking, folder)) == 18
    tracking.client.delete_run(runs[7])
    same(tracking, folder)
    store._hard_delete_run(runs[7])
    send(tracking, 50)  # as many come as go
    assert set(same(tracking, folder)["key"]) == {f"k{n}" for n in range(20)} - {"k4", "k5", "k7"} | {"k50"}


def test_other_peoples_runs_are_not_in_the_frame_and_bring_no_column(tracking, folder, large):
    for number in range(4):
        send(tracking, number)
        other = tracking.client.create_run(tracking.experiment_id)
        tracking.client.log_param(other.info.run_id, "colour", "red")
    assert "colour" not in same(tracking, folder)
    gone = send(tracking, 9, settings={"odd": "1"})
    assert "odd" in same(tracking, folder)
    tracking.client.delete_run(gone)
    assert "odd" not in same(tracking, folder)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.tuples(st.sampled_from(["send", "delete", "restore", "start", "look"]), st.integers(0, 40)), max_size=14)
)
def test_whatever_happens_in_whatever_order_the_long_way_ends_at_the_same_frame(tracking, tmp_path_factory, large, acts):
    folder = tmp_path_factory.mktemp("any")
    here = Tracking(tracking.uri, folder.name)
    for number in range(5):
        send(here, number)
    for count, (act, number) in enumerate(acts):
        runs = list(here.runs(view=ViewType.ALL))
        run = runs[number % len(runs)]
        if act == "send":
            send(here, 100 + count, at=EARLY + number / 8)
        elif act == "delete" and run.info.lifecycle_stage == "active":
            here.client.delete_run(run.info.run_id)
        elif act == "restore" and run.info.lifecycle_stage == "deleted":
            here.client.restore_run(run.info.run_id)
        elif act == "start":
            here._create(OLD.model_copy(update={"key": f"r{count}"}), (EARLY + number) * 1000)
        else:
            frame_of(here, folder)
    told, truth = frame_of(here, folder), here.frame()
    pd.testing.assert_frame_equal(told, truth, check_like=True)


@pytest.mark.parametrize("damage", ["nothing in it", "half of it", "another version", "no facts", "another kind of file"])
def test_a_snapshot_that_cannot_be_used_is_made_anew(tracking, folder, damage):
    send(tracking, 1)
    frame_of(tracking, folder)
    file = file_of(folder, tracking.uri, "toy")
    content, table = file.read_bytes(), pq.read_table(file)
    facts = json.loads(table.schema.metadata[b"cats"])
    facts["identity"][0] = 0
    if damage == "another version":
        pq.write_table(table.replace_schema_metadata({b"cats": json.dumps(facts)}), file)
    elif damage == "no facts":
        pq.write_table(table.replace_schema_metadata(None), file)
    else:
        file.write_bytes({"nothing in it": b"", "half of it": content[: len(content) // 2]}.get(damage, b"x" * 500))
    assert unchanged(folder, tracking.uri, "toy") is None
    assert len(same(tracking, folder)) == 1


def test_damage_in_the_middle_of_a_snapshot_is_seen(tracking, folder):
    send(tracking, 1)
    frame_of(tracking, folder)
    file = file_of(folder, tracking.uri, "toy")
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)
    assert unchanged(folder, tracking.uri, "toy") is None
    assert len(same(tracking, folder)) == 1


def test_a_snapshot_that_cannot_be_written_is_done_without(tracking, tmp_path):
    send(tracking, 1)
    (tmp_path / "file").write_text("in the way")
    assert len(frame_of(tracking, tmp_path / "file")) == 1


def test_a_reader_sees_the_old_snapshot_or_the_new_one_and_nothing_is_left_lying(tracking, folder, monkeypatch):
    send(tracking, 1)
    frame_of(tracking, folder)
    file = file_of(folder, tracking.uri, "toy")
    old = file.read_bytes()
    real = pq.write_table

    def watched(table, where, **options):
        assert Path(where) != file
        real(table, where, **options)
        assert file.read_bytes() == old

    send(tracking, 2)
    monkeypatch.setattr(pq, "write_table", watched)
    frame_of(tracking, folder)
    assert file.read_bytes() != old
    assert [path.name for path in file.parent.iterdir()] == ["runs.parquet"]


@pytest.mark.parametrize("known", [False, True], ids=["of a server", "of this machine"])
def test_predictions_are_fetched_once_and_those_of_this_machine_never(tracking, folder, monkeypatch, known):
    run, failed = send(tracking, 1), send(tracking, 2, status="failed")
    if known:
        frame_of(tracking, folder)
    asked = []
    real = Tracking.predictions
    monkeypatch.setattr(Tracking, "predictions", lambda self, run_id: (asked.append(run_id), real(self, run_id))[1])
    read = predictions_of(tracking.uri, tracking.experiment, folder)
    for _ in range(2):
        pd.testing.assert_frame_equal(read(run), TABLE)
        assert read(failed) is None
    assert asked == [failed, failed] if known else [run, failed, failed]


def test_predictions_that_the_disk_refuses_to_keep_are_read_all_the_same(tracking, folder):
    run = send(tracking, 1)
    folder.write_text("no folder can be made here")
    pd.testing.assert_frame_equal(predictions_of(tracking.uri, tracking.experiment, folder)(run), TABLE)


def test_what_the_images_say_is_computed_once_and_again_for_other_runs_or_metrics_or_when_asked(tracking, folder, monkeypatch):
    runs = {}
    for number, source in enumerate("abc"):
        record = OLD.model_copy(update={"key": source, "attempt": source})
        table = predictions(np.random.default_rng(0), 20, 2, luck_of_model=number)
        runs[source] = [tracking.send(Outcome(record, table))]
    two, other = {"a": runs["a"], "b": runs["b"]}, {"a": runs["a"], "b": runs["c"]}
    computed = []
    real = influence.of_target
    monkeypatch.setattr(influence, "of_target", lambda *asked: (computed.append(asked[:2]), real(*asked))[1])
    read = predictions_of(tracking.uri, "toy", folder)
    for fresh, metric, of in ((False, "auc", two), (False, "brier", two), (False, "auc", other), (True, "auc", other)):
        computed.clear()
        for _ in range(2):
            found, why = images_of(tracking.uri, "toy", folder, fresh=fresh)("toy/t", metric, of)
            np.testing.assert_array_equal(found, real(metric, of, read)[0])
            assert why is None
        assert computed == [(metric, of)] * (2 if fresh else 1)


def test_why_the_images_say_nothing_is_kept_too_and_a_damaged_file_is_made_anew(tracking, folder):
    runs = {"a": [send(tracking, 1, status="failed")]}
    told = (None, "not every run has predictions")
    images = images_of(tracking.uri, "toy", folder)
    assert images("toy/t", "auc", runs) == told
    (file,) = (file_of(folder, tracking.uri, "toy").parent / "images").iterdir()
    kept = file.read_bytes()
    assert images("toy/t", "auc", runs) == told
    for broken in (b"", kept[:50], b"no zip"):
        file.write_bytes(broken)
        assert images("toy/t", "auc", runs) == told
        assert file.read_bytes() == kept
