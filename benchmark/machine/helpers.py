"""Processes of one thread each that do the pieces of a work beside each other; their results come in the order of the pieces.

Nothing that loads numpy is imported here: a process imports this module before it has set its number of threads.
"""

import logging
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import current_process, get_context, parent_process
from types import ModuleType
from typing import TypeVar

from benchmark.machine.threads import OF_LIBRARIES, usable_cores

Piece = TypeVar("Piece")
Result = TypeVar("Result")
AHEAD = 2  # pieces for each process that wait, are worked on, or wait to be fetched


class HelperDiedError(Exception):
    """A process has ended before its work was done, perhaps because the system has stopped it for want of memory."""


def possible_helpers(memory: int) -> int:
    """One for each core that this process may use, but only as many as the free memory holds; 0 where none may be started.

    memory: bytes of each.
    """
    if current_process().daemon:  # Python lets such a process, which helps another one, start none
        return 0
    import psutil

    return min(usable_cores(), int(psutil.virtual_memory().available / memory))


def in_order(work: Callable[[Piece], Result], pieces: Iterator[Piece], number: int) -> Generator[Result]:
    """What `work` returns for each piece, in their order; `number` processes work on them, and only a few pieces exist at once.

    An error while a piece is made is raised once the results of all earlier ones have been fetched. The processes end with
    this generator, after the pieces that they are working on, and at once when this process ends. It must be possible to
    pickle `work`, the pieces and the results. Raises HelperDiedError, and what `work` raises.
    """
    waiting: deque[Future[Result]] = deque()
    failed: Exception | None = None
    pool = ProcessPoolExecutor(number, get_context("spawn"), initializer=_begin)
    try:
        while True:
            try:
                piece = next(pieces)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - raised below
                failed = error
                break
            with _without_script():
                waiting.append(pool.submit(work, piece))
            if len(waiting) > AHEAD * number:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        if failed is not None:
            raise failed
    except BrokenProcessPool as error:
        raise HelperDiedError from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _without_script() -> Iterator[None]:
    """Processes that are started inside do not run the script of the user again, which may not be written for that."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _begin() -> None:
    """Prepare a process. Ctrl-C reaches every process of a terminal; the one that started this decides what becomes of it.

    What libraries log here would name files of private data sets; the one that started this hears of it by the results.
    """
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    for name in OF_LIBRARIES:
        os.environ[name] = "1"
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, also where that could not end it itself."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
