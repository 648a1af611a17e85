"""The flag that running attempts poll after every epoch."""

import threading

from benchmark.machine.signals import signal_received

_stop = threading.Event()


def stop_requested() -> bool:
    """Whether running attempts should stop; they ask after every epoch.

    A KeyboardInterrupt alone is not enough: signals do not reach the threads of attempts that run side by side, and one that
    arrives while Python runs a `__del__` method is printed and lost.
    """
    return _stop.is_set() or signal_received()


def request_stop() -> None:
    """Ask the attempts of this process to stop, until clear_stop()."""
    _stop.set()


def clear_stop() -> None:
    """Withdraw the request: attempts that begin from now on run."""
    _stop.clear()
