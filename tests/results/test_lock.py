import errno
import signal
import subprocess
import sys
import threading

import pytest

from results.lock import locked

HOLD = """
import pathlib, sys, time
from results.lock import locked
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


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_done_without(tmp_path, monkeypatch, number):
    import fcntl

    def none(*_):
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", none)
    with locked(tmp_path / "a.lock", refuse) as identity:
        assert identity is None


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(IsADirectoryError), locked(tmp_path, refuse):
        pass
