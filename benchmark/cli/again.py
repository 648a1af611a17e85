"""The call of this process as a line to type again, so that a command that was stopped says how to go on, options and all."""

import shlex
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

from results.text.hidden import HIDDEN, shown

ADDRESS = "--tracking-uri"
OF_ONE_CALL = "--hours"  # a limit of which a new call has the whole again; the others count earlier calls too
_words: ContextVar[tuple[str, ...]] = ContextVar("_words", default=())


def remember(words: Sequence[str]) -> None:
    """Note the words behind `cats`, as the user has typed them."""
    _words.set(tuple(words))


def resume(how: str = "Resume with", limits: Mapping[str, float] | None = None) -> str:
    """The end of a sentence that says how to go on: the call as it was typed, quoted for a shell, with secrets hidden.

    Args:
        how: the words before the call.
        limits: name of a limit of the budget → the value that the call gets instead of its own.
    """
    words = list(_words.get())
    for name, value in (limits or {}).items():
        words = _with(words, f"--{name.replace('_', '-')}", f"{value:.12g}")
    line, remarks = _line(words), []
    if not limits and any(word.partition("=")[0] == OF_ONE_CALL for word in words):
        remarks.append(f"{OF_ONE_CALL} counts from the new call on")
    if line != shlex.join(["cats", *words]):
        remarks.append(f"type what is hidden in place of {HIDDEN}")
    return f"{how} ({'; '.join(remarks)}): {line}" if remarks else f"{how}: {line}"


def larger(limit: str, value: float) -> str:
    """How to go on after a limit of the budget has ended the call: with twice as much, or with as many hours again."""
    if limit == OF_ONE_CALL.removeprefix("--"):
        return resume("Resume for as long again with")
    return resume("Resume with twice the budget", {limit: 2 * value})


def named(subject: str) -> str:
    """A plan or experiment as the line of another command names it, with the address of the records if this call states one."""
    given = [_value(words) for words in _pairs(_words.get()) if words[0].partition("=")[0] == ADDRESS]
    return _line([subject, *([ADDRESS, given[-1]] if given else [])], ())


def _line(words: Sequence[str], before: Sequence[str] = ("cats",)) -> str:
    """Words as a line for a shell, each without its secrets: one that is hidden in the whole line could take others with it."""
    line = shlex.join([*before, *(shown(word) for word in words)])
    return shown(line)


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Each word of the options with the next one."""
    options = words[: words.index("--")] if "--" in words else words
    return list(zip(options, [*options[1:], ""], strict=True))


def _value(words: tuple[str, str]) -> str:
    _, sign, value = words[0].partition("=")
    return value if sign else words[1]


def _with(words: Sequence[str], option: str, value: str) -> list[str]:
    """The words with another value of an option, which is added where they do not have it."""
    end = words.index("--") if "--" in words else len(words)
    found, place, stated = list[str](), 0, False
    while place < end:
        name, sign, _ = words[place].partition("=")
        if name == option:
            found += [f"{option}={value}"] if sign else [option, value]
            place, stated = place + (1 if sign else 2), True
        else:
            found.append(words[place])
            place += 1
    return [*found, *([] if stated else [option, value]), *words[end:]]
