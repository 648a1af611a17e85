"""Lines of the log, of ours or of a library, with control characters as codes (results.text.plain) and without secrets."""

import logging
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from results.text.hidden import shown
from results.text.plain import plain_lines

Hide = Callable[[str, str], str]  # a text and the name of its logger → the text without names of private data
_hide: list[Hide] = []
_hiding = ContextVar("_hiding", default=False)  # what hides names may itself write into the log


def hide_with(hide: Hide) -> None:
    """Let a function take names out of every line of the log."""
    if hide not in _hide:
        _hide.append(hide)


def harmless(text: str, logger: str = "") -> str:
    """A text for the log: without names of private data and secrets, control characters as codes."""
    if _hide and not _hiding.get():
        token = _hiding.set(True)
        try:
            for hide in _hide:
                text = hide(text, logger)
        finally:
            _hiding.reset(token)
    return plain_lines(shown(text))


class PlainRecord(logging.LogRecord):
    """A line of the log whose message and traceback may quote texts of other people."""

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        if self.exc_info and self.exc_info[0]:
            self.exc_text = harmless("".join(traceback.format_exception(*self.exc_info)).rstrip("\n"), self.name)

    def getMessage(self) -> str:  # noqa: N802 - the name is that of the library
        """The message with its arguments."""
        return harmless(super().getMessage(), self.name)


def begin_log(level: int | str) -> None:
    """Write the log of this process to its standard error from this level on."""
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    logging.getLogger().setLevel(level)


def log_plainly() -> None:
    """Make every line of the log of this process a PlainRecord."""
    logging.setLogRecordFactory(PlainRecord)
