"""The number of threads for torch, and how idle threads wait. Importing this module does not import torch."""

import logging
import math
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath

from results.text.counts import how_many

log = logging.getLogger(__name__)
MEMBERSHIP, MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# If one of these is set, the user has chosen how threads wait: the variables of OpenMP, GNU, LLVM and Intel.
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")
OF_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # numbers of threads, read when these are loaded
SPINS = "30000"  # fewer would slow down small networks on idle cores
SPARE = 0.3  # of a core: so much other work slows nobody down


def usable_cores(membership: Path = MEMBERSHIP, mounted: Path = MOUNTED) -> int:
    """The number of cores that this process may use, given its affinity and the quotas of its control groups.

    `membership`: the file that lists the groups of the process. `mounted`: the folder that describes groups, version 1 or 2.
    """
    counts = [os.cpu_count() or 1, *_quotas(membership, mounted)]
    if hasattr(os, "sched_getaffinity"):  # Linux only
        counts.append(len(os.sched_getaffinity(0)))
    return max(1, min(counts))


def wait_briefly(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let idle threads of OpenMP sleep soon, unless the user has chosen how they wait. Call before torch is imported.

    GNU's OpenMP, which torch uses on Linux, lets an idle thread spin 300,000 times first. Beside another busy process it
    thereby occupies the core that the thread it waits for needs. Sleeping at once would be faster there, but slows down small
    networks that have the cores to themselves.
    """
    if not any(name in environ for name in WAITING):
        environ["GOMP_SPINCOUNT"] = SPINS


def sleep_if_crowded(foreign: float | None, cores: int, environ: MutableMapping[str, str] = os.environ) -> bool:
    """Let idle threads of OpenMP sleep at once where others leave too few cores for the threads of this process.

    Spinning is waiting, but takes CPU seconds and energy like work: beside two busy processes on two cores small networks took
    three times theirs. Call after wait_briefly, before torch is imported. Returns whether threads will sleep.

    Args:
        foreign: the number of cores that other processes keep busy; None if unknown.
        cores: the number of cores of the machine.
        environ: its GOMP_SPINCOUNT is changed if wait_briefly has set it.
    """
    crowded = foreign is not None and cores - foreign < _threads(environ) - SPARE
    if crowded and threads_wait(environ):
        environ["GOMP_SPINCOUNT"] = "0"
        return True
    return False


def threads_wait(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether threads will wait for each other as wait_briefly has set it: a single thread waits for nobody."""
    return environ.get("GOMP_SPINCOUNT") == SPINS and _threads(environ) > 1


def _threads(environ: Mapping[str, str]) -> int:
    """How many threads a process with this environment has."""
    return int(environ["OMP_NUM_THREADS"]) if environ.get("OMP_NUM_THREADS", "").isdecimal() else usable_cores()


@cache
def set_threads() -> int:
    """Limit torch's threads to the usable cores, once per process. Returns their number.

    The number is never raised, since torch already leaves out hyper-threads. If the user has set OMP_NUM_THREADS, that decides.
    """
    import torch

    if os.environ.get("OMP_NUM_THREADS"):
        threads = torch.get_num_threads()
        log.info("torch uses %s, as OMP_NUM_THREADS says", how_many(threads, "thread"))
        return threads
    cores, before = usable_cores(), torch.get_num_threads()
    threads = min(cores, before)
    if threads < before:
        torch.set_num_threads(threads)
    with suppress(RuntimeError):  # not possible after parallel work has run
        torch.set_num_interop_threads(threads)
    usable = how_many(cores, "core is", "cores are")
    log.info("torch uses %s, %s usable", how_many(threads, "thread"), usable)
    return threads


def _quotas(membership: Path, mounted: Path) -> Iterator[int]:
    """Yield the quota of every control group that contains this process, in cores, rounded up."""
    for line in _text(membership).splitlines():
        number, controllers, group = line.split(":", 2)
        if number == "0":
            folders, read = [mounted], _version_2
        elif "cpu" in controllers.split(","):
            folders, read = [mounted / controllers, mounted / "cpu"], _version_1
        else:
            continue
        inner = PurePosixPath(group.lstrip("/"))
        # Inside a container the group may have its name on the host, while only the root folder is visible.
        for folder in dict.fromkeys(folders):
            for place in (inner, *inner.parents):
                quota, period = read(folder / place)
                if quota > 0 and period > 0:
                    yield math.ceil(quota / period)


def _version_2(folder: Path) -> tuple[int, int]:
    quota, period = [*_text(folder / "cpu.max").split(), "", ""][:2]
    return _number(quota), _number(period)


def _version_1(folder: Path) -> tuple[int, int]:
    return _number(_text(folder / "cpu.cfs_quota_us").strip()), _number(_text(folder / "cpu.cfs_period_us").strip())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _number(word: str) -> int:
    """Parse a limit; 0 if there is none: "max", "-1" or an empty text."""
    return int(word) if word.isdecimal() else 0
