"""What processes that were killed leave below CATS_HOME goes with the next run, and nothing else does."""

import os
import subprocess
import sys

import pytest

from benchmark.core.leftovers import sweep_home
from results.files.atomic import draft_path

FOLDERS = ("images", "images/toy-32-0", "digests", "pretrained", "pretrained/records", "features", "scores", "checkpoints",
           "leakage", "published", "calibrations", "snapshots/0/predictions")  # fmt: skip


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_drafts_of_dead_processes_are_removed_from_every_folder(home, kind):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead, alive = [], []
    for name in FOLDERS:
        (home / name).mkdir(parents=True, exist_ok=True)
        draft = draft_path(home / name / "x.npy")
        alive += [draft, draft.with_name("x.npy")]
        dead.append(draft.with_name(draft.name.replace(f"p{os.getpid()}u", f"p{process.pid}u")))
        for path in alive[-2:]:
            path.write_text("text")
        dead[-1].write_text("half") if kind == "file" else (dead[-1] / "inner").mkdir(parents=True)
    sweep_home()
    assert not [path for path in dead if path.exists()]
    assert all(path.exists() for path in alive)


def test_a_home_that_does_not_exist_yet_has_no_drafts(home):
    home.rmdir()
    sweep_home()
    assert not home.exists()
