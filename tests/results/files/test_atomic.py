import errno
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import nullcontext

import pytest

from results.error import CatsError
from results.files import atomic
from results.files.atomic import DRAFT, atomic_write, disk_error, draft_path, scratch_folder
from tests.support.full_disk import full_disk


def write(path, text, *, durable=True):
    with atomic_write(path, "the text", durable=durable) as draft:
        draft.write_text(text)


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_written_in_folders_that_are_not_there_yet_and_replaced(tmp_path, durable):
    path = tmp_path / "new" / "place" / "text.txt"
    for text in ("old", "new"):
        write(path, text, durable=durable)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_is_written_whole_and_one_that_has_content_is_not_replaced(tmp_path):
    def write_folder(text):
        with atomic_write(tmp_path / "folder", "the folder", durable=True) as draft:
            (draft / "inner").mkdir(parents=True)
            (draft / "inner" / "file").write_text(text)

    write_folder("old")
    with pytest.raises(CatsError, match=f"cannot keep the folder in {tmp_path}: Directory not empty"):
        write_folder("new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert (tmp_path / "folder" / "inner" / "file").read_text() == "old"


@pytest.mark.parametrize("moment", ["os.rename", "during"])
def test_a_process_that_is_killed_before_the_draft_has_its_name_leaves_the_old_content(tmp_path, moment):
    path = tmp_path / "text.txt"
    path.write_text("old")
    code = f"""
import os, pathlib, signal, sys
from results.files.atomic import atomic_write
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(lambda event, _: die() if event == {moment!r} else None)
with atomic_write(pathlib.Path({str(path)!r}), "the text", durable=True) as draft:
    draft.write_text("new")
    if {moment!r} == "during":
        die()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    (left,) = tmp_path.glob(f"{DRAFT}*")
    assert left.read_text() == "new"
    write(path, "newest")
    assert path.read_text() == "newest"


def dead_process():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_drafts_of_a_process_that_died_are_removed_at_once_and_those_of_other_machines_are_not(tmp_path):
    mine = draft_path(tmp_path / "text.txt").name
    machine = atomic.WRITER.match(mine)[1]
    dead, other, old = (
        f"{DRAFT}{machine}p{dead_process()}u0-text.txt", f"{DRAFT}{'0' * 8}p1u0-text.txt", f"{DRAFT}0123456789ab-text.txt",
    )  # fmt: skip
    (tmp_path / dead).mkdir()
    (tmp_path / dead / "file").write_text("half")
    for name in (mine, other, old):
        (tmp_path / name).write_text("half")
    write(tmp_path / "text.txt", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine, other, old, "text.txt"])


def test_folders_that_are_made_are_on_the_disk_too(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(atomic, "flush", flushed.append)
    write(tmp_path / "a" / "b" / "text.txt", "text")
    assert flushed[1:] == [tmp_path / "a" / "b", tmp_path / "a", tmp_path]


@pytest.mark.parametrize(("number", "refused"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_file_system_that_flushes_no_folder_is_used_all_the_same(tmp_path, monkeypatch, number, refused):
    real = os.fsync

    def flush(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, "no")
        real(handle)

    monkeypatch.setattr(os, "fsync", flush)
    with pytest.raises(CatsError, match="cannot keep the text") if refused else nullcontext():
        write(tmp_path / "text.txt", "text")


def test_drafts_of_processes_that_died_are_removed_after_a_day(tmp_path):
    path, day = tmp_path / "text.txt", time.time() - atomic.STALE - 1
    dead, alive, folder, growing = (draft_path(path) for _ in range(4))
    for draft in (dead, alive):
        draft.write_text("half")
    for draft in (folder, growing):
        draft.mkdir()
        (draft / "file").write_text("half")
    for draft in (dead, folder / "file", folder, growing):  # the file in the last one was written a moment ago
        os.utime(draft, (day, day))
    write(path, "text")
    assert sorted(tmp_path.iterdir()) == sorted([path, alive, growing])


@pytest.mark.parametrize("durable", [True, False])
def test_a_full_disk_is_one_sentence_and_leaves_the_old_content(tmp_path, durable):
    path = tmp_path / "text.txt"
    path.write_text("old")
    with full_disk(), pytest.raises(CatsError) as caught:
        write(path, "new" * 10_000, durable=durable)
    assert str(caught.value) == (
        f"cannot keep the text in {tmp_path}: File too large; make room there, or set CATS_HOME to a folder with space"
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError("wrong")])
def test_another_error_stays_what_it_is_and_leaves_no_draft(tmp_path, error):
    with (
        pytest.raises(error if isinstance(error, type) else type(error)),
        atomic_write(tmp_path / "text.txt", "the text", durable=True) as draft,
    ):
        draft.write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_what_must_last_is_on_the_disk_before_it_has_its_name_and_its_name_is_too(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(atomic, "flush", lambda path: steps.append(path.name))
    monkeypatch.setattr(atomic.Path, "replace", lambda draft, path: steps.append("replace"))
    with atomic_write(tmp_path / "folder", "the folder", durable=True) as draft:
        draft.mkdir()
        (draft / "file").write_text("text")
    assert steps == ["file", draft.name, "replace", tmp_path.name]
    steps.clear()
    write(tmp_path / "text.txt", "text", durable=False)
    assert steps == ["replace"]


def test_a_disk_that_refuses_the_flush_is_the_same_sentence(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CatsError, match=f"cannot keep the text in {tmp_path}: No space left on device; make room there"):
        write(tmp_path / "text.txt", "text")
    assert list(tmp_path.iterdir()) == []


SPACE = "make room there, or set CATS_HOME to a folder with space"
PLACE = "set CATS_HOME to a folder that can be written"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        *((OSError(number, "no"), f"no; {SPACE}") for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)),
        *((OSError(number, "no"), f"no; {PLACE}") for number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)),
        (OSError("80 requested and 16 written"), f"the disk took only a part (80 requested and 16 written); {SPACE}"),
        (OSError("unknown"), f"unknown; {PLACE}"),
    ],
)
def test_only_a_disk_without_space_is_said_to_need_room(tmp_path, error, sentence):
    assert str(disk_error("the text", tmp_path, error)) == f"cannot keep the text in {tmp_path}: {sentence}"


def test_the_draft_keeps_the_ending_which_libraries_would_add(tmp_path):
    assert draft_path(tmp_path / "images.npy").suffix == ".npy"
    assert draft_path(tmp_path / "a") != draft_path(tmp_path / "a")


def test_a_scratch_folder_is_on_the_same_disk_and_is_removed(tmp_path):
    with scratch_folder(tmp_path / "place") as folder:
        assert folder.parent == tmp_path / "place"
        assert folder.name.startswith(DRAFT)
    assert list((tmp_path / "place").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["x" * 240 + ".html", "é" * 120 + ".html", "." + "x" * 250, "x." + "y" * 250, "日" * 84 + ".h"]
)
def test_a_name_that_is_as_long_as_a_name_may_be_is_written(tmp_path, name):
    path = tmp_path / name
    write(path, "text")
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert draft_path(path).suffix == (path.suffix if len(path.suffix) < 9 else draft_path(path).suffix)
    assert draft_path(path) != draft_path(path)
    (draft := draft_path(path)).write_text("text")
    assert atomic.WRITER.match(draft.name)


@pytest.mark.parametrize("name", ["page.html", "cells.tar.gz", "naïve"])
def test_an_ordinary_name_is_whole_in_its_draft(tmp_path, name):
    assert draft_path(tmp_path / name).name.endswith(f"-{name}")
