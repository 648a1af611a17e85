"""A disk that is full: one sentence, and the next run goes on where this one stopped."""

import os
import resource
import subprocess
from contextlib import contextmanager

import pytest

from tests.integration.faults.driver import ended, heard, same

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(place):
    """CATS_HOME on a disk of its own; gives what fills it for a driver that is running (or for the next one: None)."""
    place.home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place.home)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        yield lambda process: filled(place.home)
        subprocess.run(["umount", str(place.home)], check=True)
    else:
        yield limited


@contextmanager
def filled(folder):
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    yield
    filler.unlink()


@contextmanager
def limited(process):
    """No root, no file system: files of the driver may not grow any more."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    yield


def test_a_disk_that_fills_up_stops_the_run_with_one_sentence_and_the_next_goes_on(place, undisturbed, small_disk):
    process = place.start()
    heard(process, "1/4")
    with small_disk(process):
        told = ended(process, 1, 2)
    # the first to need the disk is a record, which stops the run, or the pretraining that has begun, which then fails
    *_, last = told.splitlines()
    pretraining = "failed: pretraining digits, test_resnet, seed 0: cannot keep pretrained weights in"
    assert pretraining in told if process.returncode == 1 else last.startswith("cats: cannot keep")
    assert not list(place.home.glob("outbox/*/*"))
    place.finish()
    same(place.table(), undisturbed)
