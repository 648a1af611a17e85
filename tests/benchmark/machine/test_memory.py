"""Memory that is kept is kept; what the user tuned stays as it is."""

import ctypes
import platform
import subprocess
import sys

import pytest

from benchmark.machine import memory

# Fills and frees 64 MB several times; prints how many pages the kernel had to provide for it in the last rounds.
FILLING = """
import resource, sys
from benchmark.machine.memory import keep_memory
if sys.argv[1] == "keep":
    assert keep_memory({})
def fill():
    return len(b"\\1" * (64 << 20))
for _ in range(3):
    fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_memory_that_is_kept_needs_no_new_pages():
    """In separate processes, because the settings of malloc last until the process ends."""
    pages = {}
    for how in ("give", "keep"):
        done = subprocess.run([sys.executable, "-c", FILLING, how], capture_output=True, text=True, check=True, timeout=60)
        pages[how] = int(done.stdout)
    assert pages["keep"] < pages["give"] / 10


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_what_the_user_tuned_is_left_alone(monkeypatch, name):
    monkeypatch.setattr(ctypes, "CDLL", lambda path: pytest.fail("asked"))
    assert not memory.keep_memory({name: "1"})


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_elsewhere_than_with_glibc_nothing_happens(monkeypatch, error):
    def absent(path):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert not memory.keep_memory({})


def test_large_pages_are_asked_for_unless_the_user_said_otherwise():
    silent, decided = {}, {"THP_MEM_ALLOC_ENABLE": "0"}
    memory.large_pages(silent)
    memory.large_pages(decided)
    assert (silent, decided) == ({"THP_MEM_ALLOC_ENABLE": "1"}, {"THP_MEM_ALLOC_ENABLE": "0"})
