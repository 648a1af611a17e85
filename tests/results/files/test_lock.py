import errno
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import filelock
import pytest

from results.files import lock
from results.files.lock import locked

HOLD = """
import pathlib, sys, time
from results.files.lock import locked
with locked(pathlib.Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(100)
"""


def refuse():
    raise RuntimeError("it is held")


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "a.lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lock_that_nobody_holds_is_had_at_once_and_is_known_by_its_file(tmp_path):
    path = tmp_path / "a.lock"
    for _ in range(2):
        with locked(path, refuse) as identity:
            assert identity == (path.stat().st_dev, path.stat().st_ino)
    assert path.exists()


def test_a_lock_that_another_process_holds_is_waited_for_until_that_one_is_killed(tmp_path, other):
    waits, done = threading.Event(), []

    def wait():
        with locked(tmp_path / "a.lock", waits.set) as identity:
            done.append(identity)

    thread = threading.Thread(target=wait)
    thread.start()
    assert waits.wait(30)
    assert not done
    other.send_signal(signal.SIGKILL)
    thread.join(30)
    assert done == [((tmp_path / "a.lock").stat().st_dev, (tmp_path / "a.lock").stat().st_ino)]


def test_whoever_does_not_want_to_wait_raises(tmp_path, other):
    with pytest.raises(RuntimeError, match="it is held"), locked(tmp_path / "a.lock", refuse):
        pass
    assert other.poll() is None


def test_a_lock_that_is_not_kept_leaves_no_file_and_still_excludes(tmp_path):
    path, inside, most = tmp_path / "a.lock", [], []

    def work():
        for _ in range(20):
            with locked(path, lambda: None, keep=False):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 60
    assert set(most) == {1}
    assert not path.exists()


@pytest.mark.parametrize("number", sorted(lock.NO_LOCKS))
def test_a_file_system_without_locks_is_done_without(tmp_path, monkeypatch, number):
    import fcntl

    def none(*_):
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", none)
    with locked(tmp_path / "a.lock", refuse) as identity:
        assert identity is None


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EPERM])
def test_a_lock_that_is_refused_for_another_reason_is_an_error(tmp_path, monkeypatch, number):
    import fcntl

    def fail(*_):
        raise OSError(number, "the server is gone")

    monkeypatch.setattr(fcntl, "flock", fail)
    with (
        pytest.raises(OSError, match=r"the lock is refused \(the server is gone\): .*a.lock") as caught,
        locked(tmp_path / "a.lock", refuse),
    ):
        pass
    assert caught.value.errno == number


def test_an_error_while_waiting_is_the_same(tmp_path, monkeypatch, other):
    import fcntl

    def fail(*_):
        raise OSError(errno.EIO, "the server is gone")

    with (
        pytest.raises(OSError, match=r"the lock is refused \(the server is gone\): .*a.lock"),
        locked(tmp_path / "a.lock", lambda: monkeypatch.setattr(fcntl, "flock", fail)),
    ):
        pass


@pytest.mark.slow
def test_a_long_wait_tries_less_often_than_a_short_one(tmp_path, monkeypatch, other):
    tries, waits = [], []
    monkeypatch.setattr(lock, "QUICK_SECONDS", 0.3)

    def count(self, tried=filelock.FileLock._acquire):
        tries.append(time.monotonic())
        if len(waits) == 1 and tries[-1] - waits[0] > 1.2:
            waits.append(tries[-1])
            other.kill()
            other.wait()
        tried(self)

    monkeypatch.setattr(filelock.FileLock, "_acquire", count)
    with locked(tmp_path / "a.lock", lambda: waits.append(time.monotonic())):
        pass
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert min(gaps) < lock.SLOW_POLL / 2
    assert gaps[-1] >= lock.SLOW_POLL


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(IsADirectoryError), locked(tmp_path, refuse):
        pass
