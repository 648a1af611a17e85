"""How many threads torch may use here, and how they wait. Nothing at import time loads torch."""

import logging
import math
import os
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath

log = logging.getLogger(__name__)
MEMBERSHIP, MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# Whichever of these is set, the user has said how threads wait: OpenMP's own word, then GNU's, LLVM's and Intel's.
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")
SPINS = "30000"  # the fewest that cost a small network nothing where it has the cores alone


def usable_cores(membership: Path = MEMBERSHIP, mounted: Path = MOUNTED) -> int:
    """How many cores this process may keep busy: of the machine, its affinity, and the quotas of its control groups.

    `membership`: which groups it is in; `mounted`: where groups are described, version 1 or 2.
    """
    counts = [os.cpu_count() or 1, *_quotas(membership, mounted)]
    if hasattr(os, "sched_getaffinity"):  # Linux only
        counts.append(len(os.sched_getaffinity(0)))
    return max(1, min(counts))


def wait_briefly(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let OpenMP's threads sleep soon while they wait, unless the user said how. Has to come before torch is imported.

    GNU's, which torch brings on Linux, spin 300,000 times first; beside another busy process they so burn the core that the
    thread they wait for needs. Sleeping at once is faster still there, but slows small networks that have the cores alone.
    """
    if not any(name in environ for name in WAITING):
        environ["GOMP_SPINCOUNT"] = SPINS


@cache
def set_threads() -> int:
    """Give torch no more threads than cores are usable, once per process. Returns how many it has.

    Fewer stay fewer: torch knows which cores are two faces of one. OMP_NUM_THREADS, if the user set it, decides alone.
    """
    import torch

    if os.environ.get("OMP_NUM_THREADS"):
        threads = torch.get_num_threads()
        log.info("torch uses %d threads, as OMP_NUM_THREADS says", threads)
        return threads
    cores, before = usable_cores(), torch.get_num_threads()
    threads = min(cores, before)
    if threads < before:
        torch.set_num_threads(threads)
    with suppress(RuntimeError):  # too late once anything has run in parallel
        torch.set_num_interop_threads(threads)
    log.info("torch uses %d threads, %d cores are usable", threads, cores)
    return threads


def _quotas(membership: Path, mounted: Path) -> Iterator[int]:
    """The quota of every group above this process, in cores, rounded up."""
    for line in _text(membership).splitlines():
        number, controllers, group = line.split(":", 2)
        if number == "0":
            folders, read = [mounted], _version_2
        elif "cpu" in controllers.split(","):
            folders, read = [mounted / controllers, mounted / "cpu"], _version_1
        else:
            continue
        inner = PurePosixPath(group.lstrip("/"))
        # Inside a container the group may be named as the host sees it, and only the root is there.
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
    """0 where there is no limit: "max", "-1", or nothing at all."""
    return int(word) if word.isdecimal() else 0
