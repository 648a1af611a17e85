"""The progress that commands show while they work."""

import time
from typing import Self

from rich import progress

from benchmark.answers.door import Door
from benchmark.answers.progress import Progress
from benchmark.cli.terminal import is_quiet, say
from results.text.console import console


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
            disable=is_quiet() or not out.is_terminal,
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


def door() -> Door:
    """What a command shows while it works, at the terminal."""
    return Door(say, lambda: Progress(console(stderr=True), quiet=is_quiet()))
