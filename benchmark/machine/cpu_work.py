"""CPU seconds: those of this process with its children, and those of all work on this machine in the same period."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

log = logging.getLogger(__name__)
SHORTEST = 0.25  # seconds; the machine's times are counted in steps of 10 ms, which are too coarse for shorter periods
AGREES = 0.9  # the machine cannot have worked less than this process, but for the steps


@dataclass(frozen=True)
class Reading:
    """CPU seconds since some beginning: of this process and its children, and of the machine (None: unknown)."""

    own: float
    busy: float | None
    at: float


@dataclass(frozen=True)
class Work:
    """The work of a period.

    Attributes:
        seconds: duration of the period.
        own: CPU seconds of this process and its children, living ones and reaped ones.
        busy: CPU seconds of all work on this machine; None if unknown.
        cores: number of cores of the machine, hyper-threads included.
    """

    seconds: float
    own: float
    busy: float | None
    cores: int

    @property
    def known_busy(self) -> float | None:
        """The machine's CPU seconds, if the period is long enough to compare them with those of this process; else None."""
        if self.busy is None or self.seconds < SHORTEST or self.busy < AGREES * self.own:
            return None
        return max(self.busy, self.own)

    @property
    def share(self) -> float | None:
        """The part of the machine's work that is this process's, in [0, 1]; None if it is unknown, never 1 for want of it."""
        busy = self.known_busy
        return self.own / busy if busy else None


def reading() -> Reading | None:
    """Read the CPU seconds now; None, with the reason in the log, if the system does not tell those of this process."""
    try:
        return Reading(_own(), _busy(), time.monotonic())
    except (psutil.Error, OSError) as error:
        log.info("the CPU seconds of this process are unknown: %s", error)
        return None


def between(start: Reading | None, end: Reading | None) -> Work | None:
    """The work between two readings; None if one of them is unknown."""
    if start is None or end is None:
        return None
    busy = None if start.busy is None or end.busy is None else max(0.0, end.busy - start.busy)
    return Work(end.at - start.at, max(0.0, end.own - start.own), busy, cores())


def cores() -> int:
    """The number of cores of this machine, hyper-threads included."""
    return psutil.cpu_count() or 1


def foreign_cores(seconds: float = 0.1) -> float | None:
    """How many cores other processes keep busy at the moment, seen over some seconds; None if unknown."""
    start = reading()
    time.sleep(seconds)
    work = between(start, reading())
    return None if work is None or work.busy is None else max(0.0, work.busy - work.own) / work.seconds


def _own() -> float:
    """A child that ends moves from the living to the reaped, so that nothing is lost or counted twice."""
    process = psutil.Process()
    times = process.cpu_times()
    seconds = _reaped(times)
    for child in process.children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            times = child.cpu_times()
            seconds += times.user + times.system + _reaped(times)
    return seconds + time.process_time()  # finer than the steps of cpu_times


def _reaped(times: object) -> float:
    """CPU seconds of the children that have ended. Windows does not count them."""
    return float(getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0))


def _busy() -> float | None:
    """CPU seconds of the machine, without idle time, waiting for disks, and what a hypervisor gave to others."""
    try:
        times = psutil.cpu_times()
    except (psutil.Error, OSError) as error:
        log.info("the CPU seconds of this machine are unknown: %s", error)
        return None
    # On Linux the time of guests is a part of user and nice too.
    aside = sum(getattr(times, name, 0.0) for name in ("idle", "iowait", "steal", "guest", "guest_nice"))
    return float(sum(times) - aside)
