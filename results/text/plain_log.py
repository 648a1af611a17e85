"""Lines of the log, of ours or of a library, with control characters as codes (results.text.plain) and without secrets."""

import logging
import traceback
from typing import Any

from results.text.hidden import shown
from results.text.plain import plain_lines


class PlainRecord(logging.LogRecord):
    """A line of the log whose message and traceback may quote texts of other people."""

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        if self.exc_info and self.exc_info[0]:
            self.exc_text = plain_lines(shown("".join(traceback.format_exception(*self.exc_info)).rstrip("\n")))

    def getMessage(self) -> str:  # noqa: N802 - the name is that of the library
        """The message with its arguments."""
        return plain_lines(shown(super().getMessage()))


def log_plainly() -> None:
    """Make every line of the log of this process a PlainRecord."""
    logging.setLogRecordFactory(PlainRecord)
