"""Ctrl-C, SIGTERM, by which a cluster takes its machine back, SIGHUP of a lost terminal: the first stops cleanly, a second at
once.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

HEARD = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
ONCE = 0.5  # seconds; a shell and what it started may both pass on one and the same Ctrl-C


@dataclass
class _Heard:
    number: int | None = None
    last: int = signal.SIGINT
    at: float = 0.0
    shelters: int = 0


_heard = _Heard()


@contextmanager
def stop_on_signal() -> Iterator[None]:
    """Meanwhile the first of these signals raises KeyboardInterrupt in the main thread; a second ends the process at once."""
    _heard.last = signal.SIGINT
    mine = threading.current_thread() is threading.main_thread()
    # Who started us with a signal ignored (nohup, a shell's background job) meant it.
    before = {each: signal.getsignal(each) for each in HEARD} if mine else {}
    before = {each: handler for each, handler in before.items() if handler is not signal.SIG_IGN}
    for each in before:
        signal.signal(each, _hear)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        _heard.number = None


@contextmanager
def delay_signals() -> Iterator[None]:
    """A signal that comes meanwhile raises KeyboardInterrupt only at the end: what is begun here is short, and is finished."""
    before = _heard.number
    _heard.shelters += 1
    try:
        yield
    finally:
        _heard.shelters -= 1
    if not _heard.shelters and before is None and _heard.number is not None:
        raise KeyboardInterrupt


@contextmanager
def record_signals() -> Iterator[None]:
    """A signal that comes meanwhile raises nothing, neither now nor later: who is in here looks for it, by stopped()."""
    _heard.shelters += 1
    try:
        yield
    finally:
        _heard.shelters -= 1


def signal_received() -> bool:
    """Whether a signal has come, even if whoever was at work took it for something else."""
    return _heard.number is not None


def exit_code() -> int:
    """What a shell expects of a process that was stopped, by the last signal that came or else by Ctrl-C."""
    return 128 + _heard.last


def _hear(number: int, _: FrameType | None) -> None:
    now = time.monotonic()
    if _heard.number is None:
        _heard.number, _heard.last, _heard.at = number, number, now
        if not _heard.shelters:
            raise KeyboardInterrupt
    elif now - _heard.at > ONCE:
        if sys.stderr.isatty():
            os.write(2, b"\x1b[?25h\n")  # a progress bar has hidden the cursor
        os._exit(128 + number)
