"""How answers reach the person at a notebook: one line of progress below the cell, and sentences that go with the result."""

import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from html import escape
from importlib import import_module
from typing import Any

from benchmark.answers.door import Door
from benchmark.answers.pace import Pace
from benchmark.execution.watch import Run, Watch
from results.record import Record
from results.text.console import console
from results.text.counting import Count, shown_by
from results.text.hidden import shown
from results.text.plain import plain

log = logging.getLogger(__name__)


class NotebookDoor:
    """A door whose sentences are kept in `said`. In a notebook, progress is one display that is updated in place.

    Elsewhere, as in a script, progress is that of the commands, on the standard error.
    """

    def __init__(self) -> None:
        self.said: list[str] = []
        self._display: _Displayed | None = None

    @property
    def door(self) -> Door:
        """What a call gets."""
        return Door(self.announce, self.progress)

    def announce(self, sentence: str) -> None:
        """Keep a sentence, and show it at once: the call may wait for what it is about."""
        self.say(sentence)
        if in_notebook():
            self._shown().show(shown(sentence))
        else:
            log.info("%s", shown(sentence))

    def say(self, sentence: str) -> None:
        """Keep a sentence, once."""
        text = shown(sentence).strip()
        if text and text not in self.said:
            self.said.append(text)

    def progress(self) -> AbstractContextManager[Watch]:
        """The progress of trainings or scores."""
        if in_notebook():
            return self._shown()
        from benchmark.answers.progress import Progress

        return Progress(console(stderr=True))

    def _shown(self) -> "_Displayed":
        self._display = self._display or _Displayed(self)
        return self._display


class _Displayed:
    """Progress as one display of a notebook, which needs no widgets; all progress of a call is shown there."""

    def __init__(self, door: NotebookDoor) -> None:
        self._door, self._pace = door, Pace()
        self._text, self._done, self._total = "", 0, 0
        self._library: Any = import_module("IPython.display")
        self._place = self._library.display(self._library.HTML(bar("begins")), display_id=True)

    def __enter__(self) -> Watch:
        self._pace = Pace()
        self._counts = ExitStack()
        self._counts.enter_context(shown_by(self._counting))
        return Watch(self._begins, self._ended, self._announce)

    def __exit__(self, *_: object) -> None:
        self._counts.close()
        self.show(self._text or "ready")

    @contextmanager
    def _counting(self, what: str, _: int, total: int, __: str) -> Iterator[Count]:
        yield lambda done: self._begins(f"{what}, {done:,} of {total:,}")

    def _begins(self, what: str) -> None:
        self.show(f"{self._text} · {what}" if self._text else what)

    def _ended(self, record: Record, state: Run) -> None:
        self._text, self._done, self._total = self._pace.after(record, state), state.done + state.made, state.cells
        self.show(self._text)

    def _announce(self, sentence: str) -> None:
        self._door.announce(sentence)

    def show(self, text: str) -> None:
        """Show a text beside the bar."""
        self._place.update(self._library.HTML(bar(text, self._done, self._total)))


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    module: Any = sys.modules.get("IPython")  # a kernel has loaded it
    shell = None if module is None else module.get_ipython()
    return getattr(shell, "kernel", None) is not None


def bar(text: str, done: int = 0, total: int = 0) -> str:
    """A progress bar as HTML; without a total, the text alone."""
    line = escape(plain(text))
    if not total:
        return f"<div>{line}</div>"
    return f'<div><progress value="{done}" max="{total}"></progress> {done} of {total} · {line}</div>'
