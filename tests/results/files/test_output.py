"""Files that a user asks for: whole or as they were, whatever stops the program and wherever they lie."""

import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

from results.error import CatsError
from results.files.atomic import DRAFT
from results.files.output import output
from tests.support.full_disk import full_disk


def write(path, text="new", *, new=False):
    with output(path, "the report", new=new) as draft:
        draft.write_text(text)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("new", [True, False])
def test_a_file_is_written_in_folders_that_are_made(tmp_path, new):
    path = tmp_path / "a" / "b" / "page.html"
    write(path, new=new)
    assert path.read_text() == "new"
    assert left(path.parent) == ["page.html"]


def test_folders_are_not_left_behind_by_a_file_that_is_not_written(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(KeyError), output(tmp_path / "a/b/c/page.html", "the report"):
        raise KeyError
    assert left(tmp_path) == ["a"]
    assert left(tmp_path / "a") == []
    with pytest.raises(KeyError), output(tmp_path / "a/b/c/page.html", "the report"):
        (tmp_path / "a/b/mine").write_text("of another user")
        raise KeyError
    assert left(tmp_path / "a/b") == ["mine"]


@pytest.mark.parametrize("how", ["killed", "interrupted", "full disk"])
def test_what_stops_the_writing_leaves_the_file_as_it_was(tmp_path, how):
    path = tmp_path / "page.html"
    path.write_text("old")
    if how == "killed":
        code = (
            "import os, pathlib, signal\nfrom results.files.output import output\n"
            f"with output(pathlib.Path({str(path)!r}), 'the report') as draft:\n"
            "    draft.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    elif how == "interrupted":
        with pytest.raises(KeyboardInterrupt), output(path, "the report") as draft:
            draft.write_text("half")
            raise KeyboardInterrupt
    else:
        with full_disk(), pytest.raises(CatsError, match=f"cannot write the report to {path}: File too large"):
            write(path, "new" * 10_000)
    assert path.read_text() == "old"
    assert (how == "killed") == any(tmp_path.glob(f"{DRAFT}*"))


def test_a_new_file_replaces_nothing(tmp_path):
    path = tmp_path / "entry.yaml"
    path.write_text("mine")
    with pytest.raises(CatsError, match=f"cannot write the report to {path}: File exists"):
        write(path, new=True)
    assert path.read_text() == "mine"
    assert left(tmp_path) == ["entry.yaml"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_new_file_on_a_file_system_without_links(tmp_path, monkeypatch, exists):
    path = tmp_path / "entry.yaml"
    path.write_text("mine") if exists else None

    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    if exists:
        with pytest.raises(CatsError, match="File exists"):
            write(path, new=True)
    else:
        write(path, new=True)
    assert path.read_text() == ("mine" if exists else "new")
    assert left(tmp_path) == ["entry.yaml"]


def test_a_link_is_followed_and_a_file_keeps_its_permissions(tmp_path):
    real, link = tmp_path / "real.html", tmp_path / "page.html"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write(link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


@pytest.mark.parametrize("at", ["/dev/fd", "/proc/self/fd"])
def test_a_link_to_a_pipe_without_a_path_is_written_to_directly(tmp_path, at):
    """As with `--output /dev/stdout | less` and `--output >(command)`."""
    reading, writing = os.pipe()
    link = tmp_path / "stdout"
    link.symlink_to(f"{at}/{writing}")
    for path in (link, link.readlink()):
        write(path)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as heard:
        assert heard.read() == "newnew"
    assert left(tmp_path) == ["stdout"]


def test_what_is_no_file_is_written_to_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join(10)
    assert heard == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(CatsError, match="cannot write the report to /dev/full: No space left on device"):
        write(tmp_path.__class__("/dev/full"))


@pytest.mark.parametrize("place", ["a folder", "below a file"])
def test_a_place_that_takes_no_file_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("text")
    path = tmp_path if place == "a folder" else tmp_path / "file" / "page.html"
    with pytest.raises(CatsError, match=f"cannot write the report to {path}: "):
        write(path)
    assert left(tmp_path) == ["file"]
