import errno
from pathlib import Path

import pandas as pd
import pytest

from results import outbox as module
from results.error import CatsError
from results.outbox import Outbox
from results.record import Outcome, Record

OLD = Record.model_validate_json((Path(__file__).parents[1] / "assets" / "record-v1.json").read_text())
TABLE = pd.DataFrame({"sample": ["a", "b"], "label": [0, 1], "probability_no": [0.2, 0.7]})


def record(attempt="a1"):
    return OLD.model_copy(update={"attempt": attempt, "scores": {"auc": 0.9}})


def test_what_is_put_comes_back_oldest_first_and_can_be_removed(tmp_path):
    box = Outbox(tmp_path / "box")
    first = box.put(Outcome(record("z"), TABLE))
    box.put(Outcome(record("b")))
    found = list(box)
    assert [outcome.record.attempt for _, outcome in found] == ["z", "b"]
    pd.testing.assert_frame_equal(found[0][1].predictions, TABLE)
    assert found[1][1].predictions is None
    box.remove(first)
    assert [outcome.record.attempt for _, outcome in box] == ["b"]


def test_a_crash_before_the_rename_leaves_nothing_that_is_read(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "box")

    def crash(self, target):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Path, "rename", crash)
        box.put(Outcome(record(), TABLE))
    assert list(box) == []
    assert len(list(box.folder.iterdir())) == 1
    box.sweep()
    assert list(box.folder.iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_no_draft(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "box")

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "flush", full)
    with pytest.raises(CatsError, match="cannot keep the record of 4f0c1ad2 in .*: No space left on device"):
        box.put(Outcome(record(), TABLE))
    assert list(box.folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatsError, match="cannot make the outbox .*set CATS_HOME"):
        Outbox(tmp_path / "file" / "box")


def test_a_damaged_record_is_named(tmp_path):
    box = Outbox(tmp_path / "box")
    path = box.put(Outcome(record()))
    (path / "record.json").write_text("{")
    with pytest.raises(CatsError, match=f"the waiting record {path} cannot be read"):
        list(box)
