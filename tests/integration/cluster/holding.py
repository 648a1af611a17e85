"""Loaded by a worker that is to be killed, or to hang, while it is at work on a job: its first job takes a while to begin."""

import time

from benchmark.execution import execute

SECONDS = 5.0
_make = execute.make


def make_later(job, device):
    execute.make = _make
    time.sleep(SECONDS)
    return _make(job, device)


def dask_setup(_):
    execute.make = make_later
