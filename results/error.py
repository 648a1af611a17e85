"""The one exception whose message is meant for the user."""

import copyreg
import difflib
import re
from collections.abc import Iterable
from typing import Any

from results.text.hidden import shown
from results.text.plain import plain, shortened

LONGEST = 4000  # characters of one sentence
# What these say is about code, not about the content that led to them.
OF_CODE = (AttributeError, TypeError, LookupError, NameError, AssertionError, RecursionError)
OF_NUMBERS = re.compile(r"invalid literal for int|values to unpack|cannot unpack|unpack requires|object cannot be interpreted")


class CatsError(Exception):
    """A sentence: what is wrong, where, what is allowed. The command line prints it and exits with code 2.

    Several mistakes are several sentences, one line each. What names and files bring along is made harmless here, and secrets
    in addresses are hidden, so that records, reports and logs may quote the text.
    """

    def __init__(self, *sentences: str) -> None:
        super().__init__(*(shortened(plain(shown(str(sentence))), LONGEST) for sentence in sentences))

    def __str__(self) -> str:
        return "\n".join(self.args)


class DiskError(CatsError):
    """The disk refuses to keep something: no property of what was to be kept, and gone once there is room."""


class OddRunError(CatsError):
    """A run of MLflow that cannot be used: results leave it out and name it, so that one such run ends no command.

    Attributes:
        run_id: which run.
    """

    def __init__(self, run_id: str, reason: str) -> None:
        super().__init__(f"run {run_id} is left out: {reason}")
        self.run_id = run_id

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies the sentence as it is: errors also come back from other processes, and `run_id` is no part of `args`."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or the name of its class where it has no text."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def damage_of(error: BaseException) -> str:
    """What a library says of content that it cannot read, in words about the content: never those of Python about its code."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, OF_CODE) or not str(error).strip() or OF_NUMBERS.search(str(error)):
        return "its content is damaged, or laid out as no library expects"
    return first_line(error)


def nearest(name: object, allowed: Iterable[str]) -> str:
    """The end of a sentence about a wrong name: `; did you mean 'x'?`, or what is allowed if nothing is near."""
    names = sorted(allowed)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; allowed are {', '.join(names)}" if names else "; there is none"
