"""Handling of Ctrl-C, SIGTERM (a cluster reclaims its machine) and SIGHUP (the terminal is gone).

The first signal stops the program cleanly, a second one ends it at once.
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

SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
SAME_SIGNAL = 0.5  # seconds; a shell and its child may both deliver the same Ctrl-C


@dataclass
class _State:
    number: int | None = None
    last: int = signal.SIGINT
    at: float = 0.0
    delays: int = 0
    shared: bool = False


_state = _State()


@contextmanager
def stop_on_signal(*, shared: bool = False) -> Iterator[None]:
    """Inside, the first signal raises KeyboardInterrupt in the main thread; a second one ends the process at once.

    `shared`: the process does more than this, as the kernel of a notebook does; every signal then raises KeyboardInterrupt.
    """
    _state.last, _state.shared = signal.SIGINT, shared
    mine = threading.current_thread() is threading.main_thread()
    # A signal that was ignored at the start (nohup, a background job of a shell) stays ignored.
    before = {each: signal.getsignal(each) for each in SIGNALS} if mine else {}
    before = {each: handler for each, handler in before.items() if handler is not signal.SIG_IGN}
    for each in before:
        signal.signal(each, _on_signal)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        _state.number = None


@contextmanager
def delay_signals() -> Iterator[None]:
    """Delay the KeyboardInterrupt of a signal to the end of the block, which should be short."""
    before = _state.number
    _state.delays += 1
    try:
        yield
    finally:
        _state.delays -= 1
    if not _state.delays and before is None and _state.number is not None:
        raise KeyboardInterrupt


@contextmanager
def record_signals() -> Iterator[None]:
    """Signals inside the block raise nothing, neither there nor later: the code asks signal_received()."""
    _state.delays += 1
    try:
        yield
    finally:
        _state.delays -= 1


def signal_received() -> bool:
    """Whether a signal has come, even if other code has caught its KeyboardInterrupt."""
    return _state.number is not None


def signal_beside_ctrl_c() -> str:
    """The name of the signal that has come, such as SIGTERM; empty for Ctrl-C, by which a user stops, and if none has come."""
    return "" if _state.number in {None, signal.SIGINT} else signal.Signals(_state.number or 0).name


def exit_code() -> int:
    """The exit code of a process that was stopped: 128 + the number of the last signal, or of Ctrl-C if none came."""
    return 128 + _state.last


def _on_signal(number: int, _: FrameType | None) -> None:
    now = time.monotonic()
    if _state.number is None:
        _state.number, _state.last, _state.at = number, number, now
        if not _state.delays:
            raise KeyboardInterrupt
    elif now - _state.at > SAME_SIGNAL and _state.shared:
        raise KeyboardInterrupt
    elif now - _state.at > SAME_SIGNAL:
        if sys.stderr.isatty():
            os.write(2, b"\x1b[?25h\n")  # a progress bar has hidden the cursor
        os._exit(128 + number)
