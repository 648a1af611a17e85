"""Trainings of one process that share a device: one that lacks memory waits for the others before it makes smaller steps.

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
_trainings: Counter[torch.device] = Counter()
_ended: Counter[torch.device] = Counter()
_waiting: dict[torch.device, list[object]] = {}  # the first one goes on first


@contextmanager
def counted(device: torch.device) -> Iterator[None]:
    """Count a training on a device as long as the block runs."""
    with _changed:
        _trainings[device] += 1
    try:
        yield
    finally:
        with _changed:
            _trainings[device] -= 1
            _ended[device] += 1
            _changed.notify_all()


def ended(device: torch.device) -> int:
    """How many trainings on the device have ended so far."""
    return _ended[device]


def outlasted(device: torch.device, before: int) -> bool:
    """Wait until no other training computes on the device: each has ended, or waits too and asked later.

    before: what ended() was when the caller began. Returns whether there was another since then.
    Raises KeyboardInterrupt if the user stops all.
    """
    with _changed:
        if _trainings[device] < 2:
            return _ended[device] > before
        queue, own = _waiting.setdefault(device, []), object()
        queue.append(own)
        _changed.notify_all()
        try:
            while queue[0] is not own or _trainings[device] > len(queue):
                if stop_requested():
                    raise KeyboardInterrupt
                _changed.wait(SECONDS)
        finally:
            queue.remove(own)
    return True
