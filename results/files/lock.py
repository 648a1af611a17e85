"""Locks on files, which the operating system releases when the process that holds them ends, however it ends."""

import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}  # what a file system without locks answers
QUICK_SECONDS = 1.0  # the time in which a waiting process tries often, because most locks are held for a moment
QUICK_POLL = 0.05  # seconds between two tries at first
REMINDER_SECONDS = 300.0  # between two words of a process that waits
SLOW_POLL = 0.5  # seconds between two later tries: many drivers may wait for hours on one shared disk

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, waiting: Callable[[], None], *, keep: bool = True) -> Iterator[tuple[int, int] | None]:
    """Hold the lock of a file, which is made if it is not there, until the block ends.

    Args:
        path: the file; its folder must exist.
        waiting: called if another process, or another thread, holds the lock, and again every REMINDER_SECONDS. What it raises
            ends the waiting.
        keep: whether the file stays when the block ends.

    Yields:
        Device and inode of the locked file. None on a file system without locks: the block runs without one.

    Raises:
        OSError: if the file cannot be opened for writing, or if the file system has locks and refuses this one.
    """
    from filelock import FileLock

    path.open("ab").close()
    # Without locks of its own a file system would get a file whose presence is the lock, which outlives a process that died.
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    if not _acquired(lock, path, waiting):
        yield None
        return
    try:
        state = path.stat()
        yield state.st_dev, state.st_ino
    finally:
        if not keep:
            with suppress(OSError):  # Windows removes no open file
                path.unlink()
        lock.release()


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock of a file until the block ends, unless another process or thread holds it; yields whether it is held.

    On a file system without locks it counts as held. The folder of the file must exist. Raises OSError as `locked` does.
    """
    from filelock import FileLock

    path.open("ab").close()
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    taken = _try(lock, path, 0, QUICK_POLL)
    try:
        yield taken is not None
    finally:
        if taken:
            lock.release()


def _acquired(lock: "FileLock", path: Path, waiting: Callable[[], None]) -> bool:
    """Take a lock, after waiting for its holder. False if the file system has no locks."""
    taken = _try(lock, path, 0, QUICK_POLL)
    if taken is None:
        waiting()
        taken = _try(lock, path, QUICK_SECONDS, QUICK_POLL)
    while taken is None:
        taken = _try(lock, path, REMINDER_SECONDS, SLOW_POLL)
        if taken is None:
            waiting()
    return taken


def _try(lock: "FileLock", path: Path, seconds: float, poll: float) -> bool | None:
    """Try to take a lock for some seconds. None if another holds the lock that long."""
    from filelock import Timeout

    try:
        lock.acquire(timeout=seconds, poll_interval=poll)
    except Timeout:  # is an OSError
        return None
    except OSError as error:
        if error.errno in NO_LOCKS:
            log.info("%s is on a file system without locks: %s", path, error)
            return False
        raise OSError(error.errno, f"the lock is refused ({error.strerror or error})", str(path)) from error
    return True
