"""The progress of trainings and scores at a terminal."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich import progress
from rich.console import Console

from benchmark.answers.pace import Pace, ended_line
from benchmark.execution.watch import Run, Watch
from results.record import Record
from results.text.counting import Count, shown_by
from results.text.plain import plain


class Progress:
    """A progress bar with cells done, cells per hour, Wh so far and time left; without a terminal, one line for each record."""

    def __init__(self, out: Console, *, quiet: bool = False) -> None:
        self.console, self.quiet = out, quiet

    def __enter__(self) -> Watch:
        columns = (
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[pace]}", markup=False),
        )
        self.bar = progress.Progress(
            *columns,
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.description}", markup=False),
            console=self.console,
            disable=self.quiet or not self.console.is_terminal,
        )
        self.task = self.bar.add_task("", total=None, pace="")
        self.bar.start()
        self.pace = Pace()
        self.counts = ExitStack()
        if self.console.is_terminal:  # a second bar would be drawn over this one
            self.counts.enter_context(shown_by(self.counting))
        return Watch(self.begins, self.ended, self.announce)

    def __exit__(self, *_: object) -> None:
        self.counts.close()
        self.bar.stop()

    @contextmanager
    def counting(self, what: str, _: int, total: int, __: str) -> Iterator[Count]:
        """Show what is counted meanwhile in the place of the work that has begun; see results.text.counting."""
        before = self.bar.tasks[0].description
        try:
            yield lambda done: self.begins(f"{what}, {done:,} of {total:,}")
        finally:
            self.bar.update(self.task, description=before)

    def announce(self, sentence: str) -> None:
        """Print a sentence on a separate line."""
        if not self.quiet:
            self.console.print(plain(sentence), soft_wrap=True)

    def begins(self, what: str) -> None:
        """Show a description of the work that begins."""
        self.bar.update(self.task, description=plain(what))

    def ended(self, record: Record, state: Run) -> None:
        """Count a record and show the new state."""
        pace = self.pace.after(record, state)
        self.bar.update(self.task, completed=state.done + state.made, total=state.cells, pace=pace)
        if not self.console.is_terminal and not self.quiet:
            self.console.print(plain(f"{ended_line(record, state)}, {pace}"), soft_wrap=True)
