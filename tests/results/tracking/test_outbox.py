import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results.error import CatsError
from results.files import atomic
from results.record import Outcome
from results.tracking.outbox import Outbox, examine
from tests.support.damage import DAMAGES, damage_file
from tests.support.full_disk import full_disk
from tests.support.records import OLD, TABLE, record


def test_what_is_put_comes_back_oldest_first_and_can_be_removed(tmp_path):
    box = Outbox(tmp_path / "box")
    first, second = box.put(Outcome(record("z"), TABLE)), box.put(Outcome(record("b")))
    for path, time in ((first, 1), (second, 2)):
        os.utime(path, (time, time))
    found = list(box)
    assert [outcome.record.attempt for _, outcome in found] == ["z", "b"]
    pd.testing.assert_frame_equal(pd.read_parquet(found[0][1].predictions), TABLE)
    assert found[1][1].predictions is None
    box.remove(first)
    assert [outcome.record.attempt for _, outcome in box] == ["b"]


@pytest.mark.parametrize("validation", [None, TABLE.head(1)])
def test_predictions_of_validation_images_wait_beside_those_of_test_images(tmp_path, validation):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record(), TABLE, validation))
    ((_, found),) = box
    assert {file.name for file in path.glob("*.parquet")} == set(found.tables)
    assert (found.validation_predictions is None) is (validation is None)
    if validation is not None:
        pd.testing.assert_frame_equal(pd.read_parquet(found.validation_predictions), validation)
    examine(found)


def test_a_crash_before_the_rename_leaves_nothing_that_is_read(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "box")

    def crash(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(atomic, "move_into_place", crash)
        patch.setattr(atomic, "remove", crash)
        box.put(Outcome(record(), TABLE))
    assert list(box) == []
    assert len(list(box.folder.iterdir())) == 1
    box.sweep()
    assert list(box.folder.iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_no_draft(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "box")

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "flush", full)
    with pytest.raises(CatsError, match="cannot keep the record of 4f0c1ad2 in .*: No space left on device"):
        box.put(Outcome(record(), TABLE))
    assert list(box.folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        CatsError, match="the outbox .* cannot be created: Not a directory; set CATS_HOME to a folder that can be written"
    ):
        Outbox(tmp_path / "file" / "box")


def test_a_damaged_record_is_named(tmp_path):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record()))
    (path / "record.json").write_text("{")
    with pytest.raises(CatsError, match=f"the waiting record {path} cannot be read"):
        list(box)


def test_a_record_comes_back_as_it_was(tmp_path):
    box = Outbox(tmp_path / "box")
    box.put(Outcome(OLD))
    assert repr(next(iter(box))[1].record) == repr(OLD)


@pytest.mark.parametrize("step", ["to_parquet", "write_text", "mkdir"])
def test_a_crash_while_it_is_written_leaves_nothing_that_is_read(tmp_path, monkeypatch, step):
    box = Outbox(tmp_path / "box")

    def crash(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(pd.DataFrame if step == "to_parquet" else Path, step, crash)
        box.put(Outcome(record(), TABLE))
    assert list(box) == []
    box.sweep()
    assert list(box.folder.iterdir()) == []
    box.put(Outcome(record(), TABLE))
    assert len(list(box)) == 1


def test_a_crash_while_it_is_removed_sends_nothing_again(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record(), TABLE))

    def crash(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(shutil, "rmtree", crash)
        box.remove(path)
    assert list(box) == []
    box.sweep()
    assert list(box.folder.iterdir()) == []


def test_sweeping_leaves_whole_records(tmp_path):
    box = Outbox(tmp_path / "box")
    box.put(Outcome(record(), TABLE))
    box.sweep()
    assert len(list(box)) == 1


def test_predictions_that_the_disk_refuses_are_one_sentence_and_leave_no_draft(tmp_path):
    box = Outbox(tmp_path / "box")
    large = Outcome(record(), pd.DataFrame({"probability": np.random.default_rng(0).random(10_000)}))
    with full_disk(), pytest.raises(CatsError, match="cannot keep the record of 4f0c1ad2 in .*File too large") as caught:
        box.put(large)
    assert "\n" not in str(caught.value)
    assert list(box.folder.iterdir()) == []


def test_an_attempt_is_never_written_over(tmp_path):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record(), TABLE))
    with pytest.raises(CatsError, match="cannot keep the record of 4f0c1ad2"):
        box.put(Outcome(record()))
    assert list(box.folder.iterdir()) == [path]
    assert next(iter(box))[1].predictions is not None


def test_what_waits_is_not_put_again(tmp_path):
    box = Outbox(tmp_path / "box")
    box.put(Outcome(record(), TABLE))
    (waiting,) = (found for _, found in box)
    with pytest.raises(TypeError, match="predictions.parquet is already in an outbox"):
        Outbox(tmp_path / "other").put(waiting)
    assert list((tmp_path / "other").iterdir()) == []


def test_a_damaged_page_of_what_another_program_left_is_found_before_it_is_sent(tmp_path):
    box = Outbox(tmp_path / "box")
    file = box.put(Outcome(record(), pd.concat([TABLE] * 1000))) / "predictions.parquet"
    whole = file.read_bytes()
    (found,) = box
    examine(found[1])
    file.write_bytes(whole[:8] + bytes(100) + whole[108:])
    (found,) = box  # the last bytes are whole
    with pytest.raises(CatsError, match="the waiting record .* cannot be read"):
        examine(found[1])


@pytest.mark.parametrize("left", [b"", b"PAR1"], ids=["empty", "cut off"])
def test_damaged_predictions_are_named(tmp_path, left):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record(), TABLE))
    (path / "predictions.parquet").write_bytes(left)
    with pytest.raises(CatsError, match=f"the waiting record {path} cannot be read") as caught:
        list(box)
    assert "\n" not in str(caught.value)


def test_a_record_of_another_version_is_named(tmp_path):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record()))
    text = (path / "record.json").read_text()
    (path / "record.json").write_text(text.replace('"version":1', '"version":99'))
    with pytest.raises(CatsError, match=f"the waiting record {path} cannot be read"):
        list(box)


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", ["record.json", "predictions.parquet", "validation.parquet"])
def test_whatever_damages_a_waiting_record_is_named_and_nothing_of_it_is_sent(tmp_path, name, how):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record(), pd.concat([TABLE] * 100), pd.concat([TABLE] * 100)))
    (found,) = box
    examine(found[1])
    damage_file(path / name, how)
    with pytest.raises(CatsError, match=f"the waiting record {path} cannot be read") as caught:
        for _, outcome in box:
            examine(outcome)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", [*DAMAGES, "missing"])
@pytest.mark.parametrize("name", ["record.json.sum", "predictions.parquet.sum"])
def test_a_waiting_record_whose_checksum_is_damaged_or_missing_is_sent(tmp_path, name, how):
    box = Outbox(tmp_path / "box")
    note = box.put(Outcome(record(), TABLE)) / name
    note.unlink() if how == "missing" else damage_file(note, how)  # older versions have made none
    ((_, found),) = box
    examine(found)
    assert found.record.model_dump_json() == record().model_dump_json()
