"""The flag that running attempts poll after every epoch."""

import threading

from benchmark.machine.signals import signal_received

_stop = threading.Event()


def stop_requested() -> bool:
    """Whether attempts are to stop; they look after every epoch.

    Those of a pack are in threads of their own, which no signal reaches; and a KeyboardInterrupt that comes while Python
    cleans up (in `__del__`, say) is printed and lost.
    """
    return _stop.is_set() or signal_received()


def request_stop() -> None:
    """Have the attempts of this process stop, until go_on()."""
    _stop.set()


def clear_stop() -> None:
    """Attempts that begin from now on are not to stop."""
    _stop.clear()
