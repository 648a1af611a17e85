"""How commands show that something is counted: a bar at a terminal, else a line now and then. Short work shows nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmark.cli.terminal import is_quiet, say
from results.text.console import console
from results.text.counting import Count
from results.text.plain import plain

SHORT = 1.0  # seconds; of a shorter count only the end is shown
EVERY = 20.0  # seconds between two lines where there is no terminal


@contextmanager
def shown_count(what: str, done: int, total: int, unit: str) -> Iterator[Count]:
    """Show how many of `total` are done; see results.text.counting."""
    shown = _Shown(what, done, total, unit)
    try:
        yield shown.count
    finally:
        shown.end()


class _Shown:
    def __init__(self, what: str, done: int, total: int, unit: str) -> None:
        self.what, self.first, self.total, self.unit = what, done, total, unit
        self.begun = self.last = time.monotonic()
        self.bar: Any = None

    def count(self, done: int) -> None:
        """Show the number of what is done."""
        now = time.monotonic()
        if is_quiet() or now - self.begun < SHORT:
            return
        pace = self._pace((done - self.first) / (now - self.begun))
        out = console(stderr=True)
        if out.is_terminal:
            self.bar = self.bar or _bar(self.what, self.total, out)
            self.bar.update(self.bar.task_ids[0], completed=done, pace=pace)
        elif now - self.last >= EVERY:
            self.last = now
            say(f"{self.what}: {done:,} of {self.total:,}, {pace}")

    def _pace(self, each_second: float) -> str:
        return f"{each_second:,.0f} {self.unit}/s" if each_second >= 1 else f"{60 * each_second:,.1f} {self.unit}/min"

    def end(self) -> None:
        """Take the bar away, so that what is printed next stands in its place."""
        if self.bar is not None:
            self.bar.stop()


def _bar(what: str, total: int, out: Any) -> Any:
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}", markup=False), progress.BarColumn(), progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[pace]}", markup=False), progress.TimeRemainingColumn(),
    )  # fmt: skip
    bar = progress.Progress(*columns, console=out, transient=True)
    bar.add_task(plain(what), total=total, pace="")
    bar.start()
    return bar
