"""The snapshot is what MLflow says, against a real sqlite MLflow; the long way (more runs than a slice) with small slices."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results.files.sealed import unsealed
from results.metrics import metric_of
from results.record import Outcome
from results.statistics import influence
from results.tracking import incremental as follow
from results.tracking import predictions as predictions_module
from results.tracking import snapshot
from results.tracking.change_counter import change_token
from results.tracking.experiment import Experiment
from results.tracking.predictions import images_of, predictions_of
from results.tracking.send import send
from results.tracking.snapshot import file_of, frame_of, unchanged
from tests.support import processes
from tests.support.damage import DAMAGES, damage_file
from tests.support.predictions import predictions
from tests.support.records import OLD, TABLE
from tests.support.snapshots import (  # noqa: F401 - pytest runs the imported tests with this folder's tracking server
    folder_of_snapshots,
    reads,
    same,
    send_numbered,
    small_slices,
    test_an_experiment_that_is_deleted_and_made_again_starts_empty,
    test_new_deleted_restored_and_retagged_runs_of_a_small_experiment_show_at_once,
    test_other_peoples_runs_are_not_in_the_frame_and_bring_no_column,
    test_runs_that_are_removed_for_good_are_gone,
    test_the_long_way_finds_a_new_tag_in_turn_and_at_once_if_everything_is_read_again,
    test_the_long_way_finds_a_run_that_arrives_late_and_belongs_before_others,
    test_the_long_way_finds_a_run_that_was_resumed_and_ended_between_two_looks,
    test_the_long_way_finds_new_deleted_and_restored_runs_and_reads_few,
    test_the_long_way_follows_a_run_from_its_start_to_its_end_and_one_that_is_resumed,
    whatever_happens,
)

test_whatever_happens_in_whatever_order_the_long_way_ends_at_the_same_frame = whatever_happens(examples=12)


@pytest.mark.slow
def test_a_file_is_trusted_after_a_whole_round_of_an_unchanged_database_and_not_before(tracking, folder, large):
    for number in range(7):
        send_numbered(tracking, number)
    same(tracking, folder)  # all of them are read
    assert unchanged(folder, tracking.uri, tracking.name) is not None
    send_numbered(tracking, 7)
    rounds = 0
    while unchanged(folder, tracking.uri, tracking.name) is None:
        same(tracking, folder)
        rounds += 1
    assert rounds == 6 / follow.SLICE  # what lies behind the last mark is read with every call


def test_an_experiment_without_runs_has_an_empty_frame(tracking, folder):
    assert len(frame_of(tracking, folder)) == 0
    assert len(unchanged(folder, tracking.uri, "toy")) == 0
    send_numbered(tracking, 1)
    assert len(same(tracking, folder)) == 1


@pytest.mark.slow
def test_what_nobody_touched_is_read_without_mlflow(tracking, folder):
    send_numbered(tracking, 1)
    frame_of(tracking, folder)
    code = (
        "import sys, pathlib; from results.tracking.snapshot import unchanged;"
        f"frame = unchanged(pathlib.Path({str(folder)!r}), {tracking.uri!r}, 'toy');"
        "assert list(frame['key']) == ['k1'] and 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_looking_at_a_database_leaves_its_witness_as_it_is(tracking):
    send_numbered(tracking, 1)
    before = change_token(tracking.uri)
    assert before is not None
    Experiment(tracking.uri, "toy", create=False).frame()
    assert change_token(tracking.uri) == before


def test_every_change_changes_the_witness(tracking):
    seen = {change_token(tracking.uri)}
    run = send_numbered(tracking, 1)
    seen.add(change_token(tracking.uri))
    tracking.client.set_tag(run, "cats.kind", "else")
    seen.add(change_token(tracking.uri))
    tracking.client.delete_run(run)
    seen.add(change_token(tracking.uri))
    assert len(seen) == 4


def test_there_is_no_witness_while_another_program_writes_nor_of_what_is_no_database(tracking, tmp_path):
    assert change_token("http://localhost:5000") is None
    assert change_token(f"sqlite:///{tmp_path}/none.db") is None
    (tmp_path / "text.db").write_text("x" * 200)
    assert change_token(f"sqlite:///{tmp_path}/text.db") is None
    (tmp_path / "mlflow.db-journal").write_bytes(b"at work")
    assert change_token(tracking.uri) is None


def test_a_database_with_a_write_ahead_log_has_no_witness(tracking):
    import sqlite3

    with sqlite3.connect("mlflow.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
    database.close()
    assert change_token(tracking.uri) is None


def test_a_database_in_the_place_of_another_has_another_witness(tracking, tmp_path):
    before = change_token(tracking.uri)
    shutil.copy(tmp_path / "mlflow.db", tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(tmp_path / "mlflow.db")
    assert change_token(tracking.uri) != before


@pytest.mark.slow
def test_without_a_witness_the_snapshot_is_followed_all_the_same(tracking, folder, monkeypatch, large):
    monkeypatch.setattr(snapshot, "change_token", lambda uri: None)
    for number in range(9):
        send_numbered(tracking, number)
        pd.testing.assert_frame_equal(frame_of(tracking, folder), tracking.frame(), check_like=True)
    assert unchanged(folder, tracking.uri, "toy") is None


@pytest.mark.slow
def test_a_run_of_another_process_shows_at_once(tracking, folder, large):
    for number in range(7):
        send_numbered(tracking, number)
    same(tracking, folder)
    code = "from tests.support.snapshots import *\nsend_numbered(Experiment('sqlite:///mlflow.db', 'toy'), 99)"
    processes.run(["-c", code]).check_returncode()
    assert "k99" in set(same(tracking, folder)["key"])


@pytest.mark.parametrize("damage", ["nothing in it", "half of it", "another version", "no facts", "another kind of file"])
def test_a_snapshot_that_cannot_be_used_is_made_again(tracking, folder, damage):
    send_numbered(tracking, 1)
    frame_of(tracking, folder)
    file = file_of(folder, tracking.uri, "toy")
    content = file.read_bytes()
    table = pq.read_table(pa.BufferReader(unsealed(content)))
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
    send_numbered(tracking, 1)
    frame_of(tracking, folder)
    file = file_of(folder, tracking.uri, "toy")
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)
    assert unchanged(folder, tracking.uri, "toy") is None
    assert len(same(tracking, folder)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["runs.parquet", "predictions", "images"])
def test_whatever_damages_a_file_beside_the_snapshot_the_answers_stay(tracking, folder, monkeypatch, caplog, kind):
    monkeypatch.setattr(predictions_module, "local_folder", lambda *places: None)  # as if the files were a server's
    content = predictions(np.random.default_rng(0), 40, 2, skill=0.5)
    records = [OLD.model_copy(update={"key": f"{s}{n}", "attempt": f"{s}{n}"}) for s in "ab" for n in range(2)]
    runs = [send(tracking, Outcome(record, content)) for record in records]
    asked = {"a": runs[:2], "b": runs[2:]}

    def answers():
        frame = frame_of(tracking, folder)
        read = predictions_of(tracking.uri, tracking.name, folder)
        shares, reason = images_of(tracking.uri, tracking.name, folder)("ihc", "auc", asked)
        return frame.sort_values("key").to_json(), read(runs[0]).to_json(), shares.tolist(), reason

    before = answers()
    file = file_of(folder, tracking.uri, "toy")
    if kind != "runs.parquet":
        (file,) = (file.parent / kind).glob(f"{runs[0]}.parquet" if kind == "predictions" else "*")
    for how in (*DAMAGES, "an older version"):
        if how == "an older version":
            file.write_bytes(unsealed(file.read_bytes()))
        else:
            damage_file(file, how)
        caplog.clear()
        assert answers() == before, how
        assert (str(file) in caplog.text) == (how in DAMAGES), how
        caplog.clear()
        assert answers() == before, how
        assert not caplog.records, how


def test_a_snapshot_that_cannot_be_written_is_done_without(tracking, tmp_path):
    send_numbered(tracking, 1)
    (tmp_path / "file").write_text("in the way")
    assert len(frame_of(tracking, tmp_path / "file")) == 1


def test_a_reader_sees_the_old_snapshot_or_the_new_one_and_nothing_is_left_lying(tracking, folder, monkeypatch):
    send_numbered(tracking, 1)
    frame_of(tracking, folder)
    file = file_of(folder, tracking.uri, "toy")
    old = file.read_bytes()
    real = pq.write_table

    def watched(table, where, **options):
        assert not isinstance(where, str | Path)  # but memory
        real(table, where, **options)
        assert file.read_bytes() == old

    send_numbered(tracking, 2)
    monkeypatch.setattr(pq, "write_table", watched)
    frame_of(tracking, folder)
    assert file.read_bytes() != old
    assert [path.name for path in file.parent.iterdir()] == ["runs.parquet"]


@pytest.mark.parametrize("known", [False, True], ids=["of a server", "of this machine"])
def test_predictions_are_fetched_once_and_those_of_this_machine_never(tracking, folder, monkeypatch, known):
    run, failed = send_numbered(tracking, 1), send_numbered(tracking, 2, status="failed")
    if known:
        frame_of(tracking, folder)
    asked = []
    real = Experiment.predictions
    monkeypatch.setattr(
        Experiment, "predictions", lambda self, run_id, *name: (asked.append(run_id), real(self, run_id, *name))[1]
    )
    read = predictions_of(tracking.uri, tracking.name, folder)
    for _ in range(2):
        pd.testing.assert_frame_equal(read(run), TABLE)
        assert read(failed) is None
    assert asked == [failed, failed] if known else [run, failed, failed]


def test_predictions_that_the_disk_refuses_to_keep_are_read_all_the_same(tracking, folder):
    run = send_numbered(tracking, 1)
    folder.write_text("no folder can be made here")
    pd.testing.assert_frame_equal(predictions_of(tracking.uri, tracking.name, folder)(run), TABLE)


def test_what_the_images_say_is_computed_once_and_again_for_other_runs_or_metrics_or_when_asked(tracking, folder, monkeypatch):
    runs = {}
    for number, source in enumerate("abc"):
        record = OLD.model_copy(update={"key": source, "attempt": source})
        table = predictions(np.random.default_rng(0), 20, 2, model_seed=number)
        runs[source] = [send(tracking, Outcome(record, table))]
    two, other = {"a": runs["a"], "b": runs["b"]}, {"a": runs["a"], "b": runs["c"]}
    computed = []
    real = influence.shares_of_target
    monkeypatch.setattr(influence, "shares_of_target", lambda *asked: (computed.append((asked[0], asked[2])), real(*asked))[1])
    read = predictions_of(tracking.uri, "toy", folder)
    for fresh, metric, of in ((False, "auc", two), (False, "brier", two), (False, "auc", other), (True, "auc", other)):
        computed.clear()
        for _ in range(2):
            found, why = images_of(tracking.uri, "toy", folder, fresh=fresh)("toy/t", metric, of)
            np.testing.assert_array_equal(found, real(metric, metric_of(metric).influence_of, of, read)[0])
            assert why is None
        assert computed == [(metric, of)] * (2 if fresh else 1)


def test_why_the_images_say_nothing_is_kept_too_and_a_damaged_file_is_made_again(tracking, folder):
    runs = {"a": [send_numbered(tracking, 1, status="failed")]}
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
