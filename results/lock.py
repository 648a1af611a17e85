"""Locks on files, which the operating system releases when the process that holds them ends, however it ends."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, waiting: Callable[[], None], *, keep: bool = True) -> Iterator[tuple[int, int] | None]:
    """Hold the lock of a file, which is made if it is not there, until the block ends.

    Args:
        path: the file; its folder must exist.
        waiting: called once if another process, or another thread, holds the lock. What it raises ends the waiting.
        keep: whether the file stays when the block ends.

    Yields:
        Device and inode of the locked file. None on a file system without locks: the block runs without one.

    Raises:
        OSError: if the file cannot be opened for writing.
    """
    from filelock import FileLock, Timeout

    path.open("ab").close()
    # Without locks of its own a file system would get a file whose presence is the lock, which outlives a process that died.
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        waiting()
        lock.acquire()
    except OSError as error:
        log.info("%s cannot be locked: %s", path, error)
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
