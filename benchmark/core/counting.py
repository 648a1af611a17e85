"""Long work counts what it has done; whoever shows progress to the user says here how it is shown."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Count = Callable[[int], None]  # takes the number of what is done, the earlier ones included
Show = Callable[[str, int, int], AbstractContextManager[Count]]  # what, how many are done, of how many → while it is shown
SELDOM = 0.2  # seconds between two numbers that are shown

_shows: list[Show] = []


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Inside, counts are shown by this function; the innermost one counts."""
    _shows.append(show)
    try:
        yield
    finally:
        _shows.remove(show)


@contextmanager
def counted(what: str, done: int, total: int) -> Iterator[Count]:
    """Count `what` from the number `done` to `total`; without anybody who shows it, nothing happens."""
    if not _shows:
        yield lambda _: None
        return
    last = time.monotonic()
    with _shows[-1](what, done, total) as count:

        def seldom(now_done: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= SELDOM:
                last = now
                count(now_done)

        yield seldom
