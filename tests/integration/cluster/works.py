"""What workers do in these tests instead of training; workers import it by name."""

import os
import signal
import time
from pathlib import Path

from benchmark.machine.cancellation import stop_requested
from tests.support.outcomes import outcomes_of


def there(name):
    return Path(os.environ["CATS_HOME"]) / name


def key(job, device):
    return outcomes_of(job, job.cells[0].key)


def pid(job, device):
    time.sleep(0.2)
    return outcomes_of(job, os.getpid())


def seed_or_death(job, device):
    if any(cell.seed == 3 for cell in job.cells):
        os.kill(os.getpid(), signal.SIGKILL)
    return outcomes_of(job, [cell.seed for cell in job.cells])


def seed_or_halt_once(job, device):
    """Seed 3 stops its process, the first time."""
    if job.cells[0].seed == 3 and not there("halted").exists():
        there("halted").touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return outcomes_of(job, job.cells[0].seed)


def long(job, device):
    """All but seed 0 last for ever, and hear nothing."""
    if job.cells[0].seed:
        there(f"at-work-{os.getpid()}").touch()
        time.sleep(1000)
    return outcomes_of(job, job.cells[0].seed)


def until_stopped(job, device):
    """All but seed 0 last until they are asked to stop, as a training does."""
    if job.cells[0].seed:
        there(f"at-work-{os.getpid()}").touch()
    while job.cells[0].seed and not stop_requested():
        time.sleep(0.05)
    return outcomes_of(job, job.cells[0].seed, "interrupted" if job.cells[0].seed else "finished", seconds=7.0)


def until_let(job, device):
    """Say that it is at work, and last until a user lets it end."""
    there(f"at-work-{os.getpid()}").touch()
    while not there("let").exists():
        time.sleep(0.05)
    return outcomes_of(job, job.cells[0].seed)


def side_by_side(job, device):
    """Ends when two are at work; they are for a while."""
    there(f"at-work-{os.getpid()}").touch()
    while len(list(there("").glob("at-work-*"))) < 2:
        time.sleep(0.01)
    time.sleep(1)
    return outcomes_of(job, os.getpid())


def place(job, device):
    time.sleep(0.05)
    return outcomes_of(job, [os.getpid(), *job.place])
