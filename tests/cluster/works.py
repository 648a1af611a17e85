"""What workers do in these tests instead of training; workers import it by name."""

import os
import signal
import time
from pathlib import Path


def key(job, device, beside):
    return [job.cells[0].key]


def pid(job, device, beside):
    time.sleep(0.2)
    return [os.getpid()]


def seed_or_death(job, device, beside):
    if job.cells[0].seed == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return [job.cells[0].seed]


def seed_or_halt_once(job, device, beside):
    """Seed 3 stops its process, the first time."""
    halted = Path(os.environ["CATS_HOME"]) / "halted"
    if job.cells[0].seed == 3 and not halted.exists():
        halted.touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return [job.cells[0].seed]


def long(job, device, beside):
    time.sleep(0 if job.cells[0].seed == 0 else 1000)
    return [job.cells[0].seed]


def place(job, device, beside):
    time.sleep(0.05)
    return [(os.getpid(), job.place)]
