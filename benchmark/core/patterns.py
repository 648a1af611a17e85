"""Regular expressions that a person wrote, applied to many texts within a limit of time.

Some expressions take longer than a life for thirty letters, `(a+)+$` for example. An expression whose worst case is short is
applied here. Any other one is applied by a process of its own, which ends when its time is over: Python's module `re` cannot
be interrupted, and another library would find other things.
"""

import json
import re
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from results.error import CatsError
from results.text.brief import short

LONGEST = 2000  # characters of an expression, and of a text that a replacement makes
STEPS = 10**8  # of one text at the worst, about a second; an expression that may take more is applied in another process
SECONDS = 10  # of the processor for all texts together
MEMORY = 2**31  # bytes of the other process
REPEATS = re.compile(r"[*+{]")
CHOICES = re.compile(r"[|]|(?<!\()\?")
UNCLEAR = re.compile(
    r"\)\s*[*+{]|\\[1-9]|\(\?P=|\(\?#|\(\?[a-zA-Z]*x"
)  # a repeated group, a reference back, white space ignored

# How a system ends a process whose time is over; Windows has no such signals.
OVER = {int(getattr(signal, name)) for name in ("SIGXCPU", "SIGKILL") if hasattr(signal, name)}

Made = TypeVar("Made")
Groups = tuple[str | None, ...]  # the text that was found, then the text of each group of the expression

# What the other process runs: one line of JSON comes in and one goes out.
APART = f"""
import contextlib, json, re, sys
for kind, most in [("RLIMIT_CPU", {SECONDS}), ("RLIMIT_AS", {MEMORY})]:
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):  # some systems have or take no such limit
        import resource
        number = getattr(resource, kind)
        hard = resource.getrlimit(number)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (most, most))
pattern, replacement, texts = json.loads(sys.stdin.readline())
compiled = re.compile(pattern)
if replacement is None:
    matches = map(compiled.search, texts)
    found = [None if match is None else [match[0], *match.groups()] for match in matches]
else:
    found = [compiled.sub(replacement, text) for text in texts]
json.dump(found, sys.stdout)
"""


def require_expression(pattern: str, brackets: int = 0) -> None:
    """Raises CatsError if a text is no regular expression, is very long, or has fewer groups than `brackets`."""
    if len(pattern) > LONGEST:
        raise CatsError(f"the regular expression '{short(pattern)}' has {len(pattern):,} characters; {LONGEST:,} are allowed")
    try:
        groups = _compiled(pattern).groups
    except (re.error, RecursionError, OverflowError) as error:
        raise CatsError(f"'{short(pattern)}' is not a regular expression: {error}") from error
    if pattern and groups < brackets:
        raise CatsError(f"'{short(pattern)}' has no bracket; the first bracket must match the group")


def require_replacement(pattern: str, replacement: str) -> None:
    """Raises CatsError if a text is no regular expression, or the other one cannot replace what it finds."""
    if len(replacement) > LONGEST:
        raise CatsError(f"the replacement '{short(replacement)}' has {len(replacement):,} characters; {LONGEST:,} are allowed")
    if len(pattern) > LONGEST:
        require_expression(pattern)
    try:
        _compiled(pattern).sub(replacement, "")
    except (re.error, IndexError, RecursionError, OverflowError) as error:
        raise CatsError(f"'{short(pattern)}' → '{short(replacement)}' is not a valid replacement: {error}") from error


def _compiled(pattern: str) -> "re.Pattern[str]":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of brackets in brackets, which Python may read otherwise one day
        return re.compile(pattern)


def searched(pattern: str, texts: Sequence[str]) -> list[Groups | None]:
    """What an expression finds first in each text, None if nothing. Raises CatsError if that takes too long."""
    if not pattern:
        return [("",)] * len(texts)
    if not _is_short(pattern, texts):
        return [None if found is None else tuple(found) for found in _apart(pattern, None, texts)]
    search = _compiled(pattern).search

    def find(text: str) -> Groups | None:
        match = search(text)
        return None if match is None else (match[0], *match.groups())

    return _within_time(find, pattern, texts)


def replaced(pattern: str, replacement: str, texts: Sequence[str]) -> list[str]:
    """The texts with everything replaced that an expression finds. Raises CatsError if that takes too long, or texts grow."""
    if not _is_short(pattern, texts):
        made = _apart(pattern, replacement, texts)
        longest = max(map(len, made), default=0)
        if longest > max([LONGEST, *map(len, texts)]):
            raise _too_large(pattern, replacement, longest)
        return made
    compiled = _compiled(pattern)

    def replace(text: str) -> str:
        made = compiled.sub(replacement, text)
        if len(made) > max(LONGEST, len(text)):
            raise _too_large(pattern, replacement, len(made))
        return made

    return _within_time(replace, pattern, texts)


def _is_short(pattern: str, texts: Sequence[str]) -> bool:
    """True if the worst case of an expression, for the longest of the texts, is below STEPS."""
    if UNCLEAR.search(pattern):
        return False
    longest = max(map(len, texts), default=0) + 1
    steps: int = longest ** (len(REPEATS.findall(pattern)) + 1) * 2 ** len(CHOICES.findall(pattern))
    return steps <= STEPS


def _within_time(work: Callable[[str], Made], pattern: str, texts: Sequence[str]) -> list[Made]:
    """The result for each text. Raises CatsError if all together take more than SECONDS."""
    end = time.thread_time() + SECONDS
    made = []
    for text in texts:
        made.append(work(text))
        if time.thread_time() > end:
            raise _too_long(pattern)
    return made


def _apart(pattern: str, replacement: str | None, texts: Sequence[str]) -> list[Any]:
    question = json.dumps([pattern, replacement, list(texts)])
    command = [sys.executable, "-I", "-S", "-c", APART]
    try:
        done = subprocess.run(  # noqa: S603 - all arguments are ours
            command, input=question, capture_output=True, text=True, encoding="ascii", timeout=6 * SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _too_long(pattern) from None
    except OSError as error:
        raise _ended(pattern, f"did not start: {error.strerror}") from error
    if -done.returncode in OVER:
        raise _too_long(pattern)
    if done.returncode:
        how = f"with exit code {done.returncode}" if done.returncode > 0 else f"by signal {-done.returncode}"
        raise _ended(pattern, f"ended {how}")
    try:
        found: list[Any] = json.loads(done.stdout)
    except ValueError as error:
        raise _ended(pattern, "ended without an answer") from error
    return found


def _too_long(pattern: str) -> CatsError:
    return CatsError(
        f"the regular expression '{short(pattern)}' takes more than {SECONDS} seconds for these names; write it without a "
        "repetition inside of a repetition, as a+ instead of (a+)+"
    )


def _ended(pattern: str, how: str) -> CatsError:
    return CatsError(
        f"the process that tries the regular expression '{short(pattern)}' {how}; perhaps this machine has too little free "
        "memory, or allows no further process"
    )


def _too_large(pattern: str, replacement: str, length: int) -> CatsError:
    return CatsError(
        f"'{short(pattern)}' → '{short(replacement)}' makes a name of {length:,} characters; {LONGEST:,} are allowed"
    )
