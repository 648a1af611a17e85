"""Long work counts what it has done; the code that shows progress to the user says here how it is shown."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")
Count = Callable[[int], None]  # takes the number of what is done, the earlier ones included
# what, how many are done, of how many, what they are in the plural → while it is shown
Show = Callable[[str, int, int, str], AbstractContextManager[Count]]
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
def counted(what: str, done: int, total: int, unit: str = "images") -> Iterator[Count]:
    """Count `what` from the number `done` to `total`; without anybody who shows it, nothing happens."""
    if not _shows:
        yield lambda _: None
        return
    last = time.monotonic()
    with _shows[-1](what, done, total, unit) as count:

        def seldom(now_done: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= SELDOM:
                last = now
                count(now_done)

        yield seldom


def each_counted(what: str, items: Iterable[T], total: int, unit: str) -> Iterator[T]:
    """Every item, counted when the next one is asked for."""
    with counted(what, 0, total, unit) as count:
        for number, item in enumerate(items, 1):
            yield item
            count(number)
