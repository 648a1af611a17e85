"""Work of one process that shares a device: a training that lacks memory waits for the others before it makes smaller steps.

A smaller step gives other numbers, because batch norm sees fewer images; a cell must not depend on what runs beside it.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmark.machine.cancellation import stop_requested

SECONDS = 0.5  # between two looks at whether the user has stopped everything
_changed = threading.Condition()
_trainings: Counter[str] = Counter()
_ended: Counter[str] = Counter()
_waiting: dict[str, list[object]] = {}  # the first one goes on first


@contextmanager
def counted(device: torch.device) -> Iterator[None]:
    """Count work on a device as long as the block runs; a process works on one device of a kind only."""
    with _changed:
        _trainings[device.type] += 1
    try:
        yield
    finally:
        with _changed:
            _trainings[device.type] -= 1
            _ended[device.type] += 1
            _changed.notify_all()


def alone(device: torch.device) -> bool:
    """Whether at most one training runs on the device."""
    return _trainings[device.type] < 2


def ended(device: torch.device) -> int:
    """How many trainings on the device have ended so far."""
    return _ended[device.type]


def outlasted(device: torch.device, before: int) -> bool:
    """Wait until no other training computes on the device: each has ended, or waits too and asked later.

    before: what ended() was when the caller began. Returns whether there was another since then.
    Raises KeyboardInterrupt if the user stops all.
    """
    with _changed:
        if _trainings[device.type] < 2:
            return _ended[device.type] > before
        queue, own = _waiting.setdefault(device.type, []), object()
        queue.append(own)
        _changed.notify_all()
        try:
            while queue[0] is not own or _trainings[device.type] > len(queue):
                if stop_requested():
                    raise KeyboardInterrupt
                _changed.wait(SECONDS)
        finally:
            queue.remove(own)
    return True
