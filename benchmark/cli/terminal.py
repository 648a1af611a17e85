"""The terminal: all that commands print goes through this module, which shows control characters as codes and hides secrets.

A command may be started without a standard output or input, with a locale of few characters, or before a program that reads
only the first lines.
"""

import codecs
import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from results.error import MOST_NAMED, CatsError
from results.text import plain_log
from results.text.console import console
from results.text.hidden import shown
from results.text.plain import plain, plain_lines
from results.text.plain_log import harmless, log_plainly

if TYPE_CHECKING:
    from rich.console import RenderableType

NARROWEST = 40  # columns; sentences of a narrower terminal would have one word in each line
WIDEST = 10_000
# How characters of ours are written where the encoding has no code for them; all others become codes.
INSTEAD = {
    "·": "-", "•": "*", "–": "-", "−": "-", "→": "->", "×": "x", "±": "+-", "≤": "<=", "≥": ">=", "≈": "~", "…": "...",
    "τ": "tau", "ρ": "rho",
}  # fmt: skip
_QUIET = threading.Event()  # set while a command shows no progress
_format_warning = warnings.formatwarning


def prepare() -> None:
    """Prepare the streams, the log and the texts of errors of this process; call it before anything is printed."""
    _open_streams()
    codecs.register_error("cats", _instead)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            with suppress(OSError):  # of a stream that another program has exchanged under Python
                stream.reconfigure(errors="cats")
    _bound_width()
    sys.excepthook = _print_error
    threading.excepthook = lambda failed: _print_error(failed.exc_type, failed.exc_value, failed.exc_traceback)
    warnings.formatwarning = _plain_warning
    log_plainly()


def begin_log() -> None:
    """Begin the log, at the level that CATS_LOG names. Raises CatsError for another word."""
    _QUIET.clear()
    level = os.environ.get("CATS_LOG") or "WARNING"
    if level.upper() not in logging.getLevelNamesMapping():
        raise CatsError(f"CATS_LOG is '{level}'; allowed are debug, info, warning, error and critical")
    plain_log.begin_log(level.upper())


def say_more() -> None:
    """Log what happens, as with CATS_LOG=info."""
    logging.getLogger().setLevel(min(logging.getLogger().level, logging.INFO))


def say_less() -> None:
    """Show no progress, and log errors alone."""
    _QUIET.set()
    logging.getLogger().setLevel(logging.ERROR)


def is_quiet() -> bool:
    """Whether the user wants no progress."""
    return _QUIET.is_set()


def print_line(text: str) -> None:
    """Print one line of a result to the standard output."""
    with _output():
        sys.stdout.write(plain(text) + "\n")


def print_sentence(text: str) -> None:
    """Print a sentence of a result: broken between words at the width of a terminal, else on one line, for who reads lines."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        from rich.text import Text

        print_table(Text(plain(text)))
    else:
        print_line(text)


def print_text(text: str) -> None:
    """Print a result of several lines to the standard output: JSON, CSV, Markdown."""
    with _output():
        sys.stdout.write(plain_lines(text).rstrip("\n") + "\n")


def say(text: str) -> None:
    """Print a message of one line to the standard error."""
    _to_errors(plain(shown(text)) + "\n")


def say_error(error: CatsError) -> None:
    """Print the sentences of an error to the standard error, one line each; of many only the first ones without -v."""
    lines = str(error).splitlines()
    most = MOST_NAMED + lines[0].endswith(":") if lines else 0
    if len(lines) > most + 1 and logging.getLogger().level > logging.INFO:
        lines = [*lines[:most], f"and {len(lines) - most} more; `-v` prints all"]
    _to_errors("cats: " + "\n".join(lines) + "\n")


def print_table(table: "RenderableType") -> None:
    """Print tables to the standard output; where the terminal is too narrow for the figures, lines are longer than it."""
    from rich.measure import Measurement

    out = console()
    needed = Measurement.get(out, out.options.update(width=WIDEST), table).minimum
    out.size = (min(max(out.width, needed), WIDEST), out.height)
    with _output():
        out.print(table, crop=False)


def ask(question: str) -> str:
    """Ask for a line of text."""
    import typer

    return str(typer.prompt(plain(question), err=True)).strip()


def can_ask() -> bool:
    """Whether the standard input is a terminal, at which a user can answer."""
    return sys.stdin.isatty()


def finish() -> None:
    """Write what still waits to be printed. Raises BrokenPipeError if nobody reads it, CatsError if it cannot be written."""
    with _output():
        sys.stdout.flush()


def discard() -> None:
    """Throw away what is still waiting to be printed, so that Python does not try again when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        discard()
        raise CatsError(f"the output cannot be written: {error.strerror}") from error


def _to_errors(text: str) -> None:
    """Write to the standard error. Raises BrokenPipeError; where its disk is full, no message can be written."""
    try:
        sys.stderr.write(text)
    except BrokenPipeError:
        raise
    except OSError:
        pass


def _open_streams() -> None:
    """Open input, output and errors that were closed: else the next file, such as a database, would get what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _bound_width() -> None:
    """Forget a width or height of the terminal that is no number of columns, and bound the others."""
    for name, least in (("COLUMNS", NARROWEST), ("LINES", 1)):
        text = os.environ.get(name, "")
        if text.isascii() and text.isdecimal() and int(text[:9]):
            os.environ[name] = str(min(max(int(text[:9]), least), WIDEST))
        else:
            os.environ.pop(name, None)


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(INSTEAD.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in signs), error.end


def _plain_warning(*arguments: Any, **others: Any) -> str:
    return harmless(_format_warning(*arguments, **others))


def _print_error(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    _to_errors(plain_lines(shown("".join(traceback.format_exception(kind, error, trace)))))
