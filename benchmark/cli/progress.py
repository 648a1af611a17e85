"""The progress that commands show while they work."""

import time
from typing import Self

from rich import progress

from benchmark.cli.terminal import console
from benchmark.execution.watch import Run, Watch
from results.record import Record
from results.text.plain import plain


class PictureProgress:
    """A progress bar with pictures done, pictures per second and time left; without a terminal, nothing."""

    def __init__(self, total: int) -> None:
        out = console(stderr=True)
        self.bar = progress.Progress(
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[pace]}", markup=False),
            progress.TimeRemainingColumn(),
            console=out,
            disable=not out.is_terminal,
        )
        self.task, self.total, self.done, self.start = self.bar.add_task("", total=total, pace=""), total, 0, 0.0

    def __enter__(self) -> Self:
        self.bar.start()
        self.start = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def advance(self, count: int) -> None:
        """Count pictures that are done."""
        self.done += count
        pace = f"{self.done / max(time.monotonic() - self.start, 1e-9):,.1f} pictures/s"
        self.bar.update(self.task, completed=self.done, pace=pace)


class Progress:
    """A progress bar with cells done, cells per hour, Wh so far and time left; without a terminal, one line for each record."""

    def __enter__(self) -> Watch:
        out = console(stderr=True)
        columns = (
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[pace]}", markup=False),
        )
        self.bar = progress.Progress(
            *columns,
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.description}", markup=False),
            console=out,
            disable=not out.is_terminal,
        )
        self.task = self.bar.add_task("", total=None, pace="")
        self.bar.start()
        self.console, self.start, self.kwh, self.missing = out, time.monotonic(), 0.0, False
        return Watch(self.begins, self.ended, self.announce)

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def announce(self, sentence: str) -> None:
        """Print a sentence on a separate line."""
        self.console.print(plain(sentence), soft_wrap=True)

    def begins(self, what: str) -> None:
        """Show a description of the work that begins."""
        self.bar.update(self.task, description=plain(what))

    def ended(self, record: Record, state: Run) -> None:
        """Count a record and show the new state."""
        for cost in record.costs:
            self.kwh += cost.kwh("counter") + cost.kwh("modelled")
            self.missing = self.missing or bool(cost.missing)
        pace = f"{state.made / (time.monotonic() - self.start) * 3600:.0f} cells/h, {self.kwh * 1000:.3g} Wh"
        pace += " + missing" if self.missing else ""
        self.bar.update(self.task, completed=state.done + state.made, total=state.cells, pace=pace)
        if not self.console.is_terminal:
            line = f"{state.done + state.made}/{state.cells} {record.kind} {state.name(record)}: {record.status}"
            self.console.print(plain(f"{line}, {pace}"), soft_wrap=True)
