"""The one exception whose message is meant for the user."""

import copyreg
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from results.text.hidden import shown
from results.text.model_faults import first_fault
from results.text.plain import plain, shortened

LONGEST = 4000  # characters of one sentence
MOST_NAMED = 8  # mistakes or names that are listed; of others their number
LEAST_BEGINNING = 2  # letters that say what a name begins with
LEAST_WHOLE = 4  # letters of a name with which a longer one may begin by mistake
LETTERS_OF_A_MISTAKE = 3  # about: a word of five letters is near another with two mistakes
# What these say is about code, not about the content that led to them.
OF_CODE = (AttributeError, TypeError, LookupError, NameError, AssertionError, RecursionError)
OF_NUMBERS = re.compile(r"invalid literal for int|values to unpack|cannot unpack|unpack requires|object cannot be interpreted")


class CatsError(Exception):
    """A sentence: what is wrong, where, what is allowed. The command line prints it and exits with code 2.

    Several mistakes are several sentences, one line each. What names and files bring along is made harmless here, and secrets
    in addresses are hidden, so that records, reports and logs may quote the text.

    Attributes:
        resumes: whether the same call, typed again, goes on where this error ended it; the command line then prints that call.
    """

    resumes: ClassVar[bool] = False

    def __init__(self, *sentences: str) -> None:
        super().__init__(*(shortened(plain(shown(str(sentence))), LONGEST) for sentence in sentences))

    def __str__(self) -> str:
        return "\n".join(self.args)


class DiskError(CatsError):
    """The disk refuses to keep something: no property of what was to be kept, and gone once there is room."""


class LoginError(CatsError):
    """A server asks for a user and a password, and this process gives none or wrong ones."""


class NoExperimentError(CatsError):
    """The tracking server has no experiment of that name."""


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
    """The first line of an error's text, or the name of its class where it has no text. Of pydantic's, its first mistake."""
    if type(error).__module__ == "pydantic_core._pydantic_core":  # the first line of these says how many mistakes there are
        return first_fault(error)
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
    """The end of a sentence about a wrong name: `; did you mean 'x'?`, or what is allowed if nothing is near.

    Which name is near, `near_name` says.
    """
    names = sorted(allowed)
    near = near_name(name, names)
    if near is not None:
        return f"; did you mean '{near}'?"
    return f"; allowed are {first_of(names)}" if names else "; there is none"


def meaning(name: object, allowed: Iterable[str]) -> str:
    """The end of a sentence that has said what is allowed: `; did you mean 'x'?`; empty if nothing is near."""
    near = near_name(name, allowed)
    return "" if near is None else f"; did you mean '{near}'?"


def near_name(name: object, allowed: Iterable[str]) -> str | None:
    """The allowed name that a wrong one most likely means; None if none is near.

    Capital letters and dashes in front do not count. First comes the shortest name that begins with the wrong one, then the one
    that differs by the fewest mistakes of typing, at most two in five letters and three in eight, then the longest with which
    the wrong one begins.
    """
    wrong, names = _letters(name), sorted(allowed)
    longer = [each for each in names if len(wrong) >= LEAST_BEGINNING and _letters(each).startswith(wrong)]
    if longer:
        return min(longer, key=len)
    most = (len(wrong) + 1) // LETTERS_OF_A_MISTAKE if len(wrong) > LEAST_BEGINNING else 0
    distances = {each: mistakes(wrong, _letters(each), most) for each in names if most}
    near = min(distances, key=lambda each: distances[each], default=None)
    if near is not None and distances[near] <= most:
        return near
    shorter = [each for each in names if len(_letters(each)) >= LEAST_WHOLE and wrong.startswith(_letters(each))]
    return max(shorter, key=len, default=None)


def _letters(name: object) -> str:
    return str(name).lstrip("-").lower()


def mistakes(one: str, other: str, most: int) -> int:
    """How many mistakes of typing lie between two words: a letter left out, added, replaced, or swapped with its neighbour.

    Where there are more than `most`, the answer is any larger number. Source: the optimal string alignment distance, Boytsov,
    ACM Journal of Experimental Algorithmics 16, 2011.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        further, before, row = before, row, [i]
        for j, another in enumerate(other, start=1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                least = min(least, further[j - 2] + 1)
            row.append(least)
        if min(row) > most:
            return most + 1
    return row[-1]


def first_of(names: Iterable[str], most: int = MOST_NAMED) -> str:
    """The names of a sentence, of many the first ones: `a, b, c and 12 more`."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
