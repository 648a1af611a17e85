#!/usr/bin/env python
"""How long the search for shared images takes: n images of a source against n of a target, 1 % of them planted copies.

    .venv/bin/python scripts/bench_leakage.py [n ...]      (10000 and 100000 by default)

Also times the two ways to count different bits that were considered: xor and popcount in blocks, and one matrix product of
the signs as float32.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from measuring.machine import processor

from benchmark.data.fingerprint import (
    BITS,
    COLUMNS,
    NEAR,
    ROWS,
    SIDE,
    Fingerprints,
    find_duplicates,
    fingerprints_of,
    near_pairs,
)
from benchmark.machine.threads import usable_cores

REPEATS = 5


def main() -> None:
    sizes = [int(given) for given in sys.argv[1:]] or [10_000, 100_000]
    print(f"{processor()}, python {platform.python_version()}, numpy {np.__version__}; {usable_cores()} threads")
    for n in sizes:
        one, other = textures(n, 1), textures(n, 2)
        other[::100] = one[::100]
        images = timed(lambda one=one: fingerprints_of(one), 3)
        left, right = fingerprints_of(one), fingerprints_of(other)
        index, exact = find_duplicates(left, right)  # also warms up
        search = timed(lambda left=left, right=right: find_duplicates(left, right), REPEATS if n <= 10_000 else 3)
        found = f"{(index >= 0).sum()} found, {exact.sum()} of them exact, {len(other[::100])} planted"
        print(f"n = {n}: fingerprints {images}; search of {n * n:.1e} pairs {search}; {found}")
    words = fingerprints_of(textures(10_000, 3)).words
    print(f"n = 10000, xor and popcount, one thread: {timed(lambda: popcount(words), REPEATS)}")
    print(f"n = 10000, matrix product of signs, all cores: {timed(lambda: product(words), REPEATS)}")


def textures(count: int, seed: int) -> np.ndarray:
    """(count, SIDE, SIDE, 1) uint8: noise whose amplitude falls with frequency."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    weight = 1 / np.maximum(radius, 1 / SIDE) ** 1.2
    made = np.empty((count, SIDE, SIDE, 1), dtype=np.uint8)
    for start in range(0, count, 10_000):
        noise = rng.normal(size=(min(10_000, count - start), SIDE, SIDE))
        field = np.fft.irfft2(np.fft.rfft2(noise) * weight, s=(SIDE, SIDE))
        made[start : start + len(field), ..., 0] = np.clip(128 + 45 * field / field.std((1, 2), keepdims=True), 0, 255)
    return made


def popcount(words: np.ndarray) -> int:
    return sum(len(near_pairs(words[start : start + ROWS], words)[0]) for start in range(0, len(words), ROWS))


def product(words: np.ndarray) -> int:
    signs = np.unpackbits(words.view(np.uint8), axis=1).astype(np.float32) * 2 - 1
    space, found = np.empty((512, COLUMNS), dtype=np.float32), 0
    for i in range(0, len(signs), 512):
        for j in range(0, len(signs), COLUMNS):
            rows, columns = signs[i : i + 512], signs[j : j + COLUMNS]
            alike = np.matmul(rows, columns.T, out=space[: len(rows), : len(columns)])
            found += len(np.nonzero(alike >= BITS - 2 * NEAR)[0])
    return found


def timed(work: Callable[[], int | Fingerprints | tuple[np.ndarray, np.ndarray]], repeats: int) -> str:
    """Median and range of some repeats."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return f"{statistics.median(seconds):.2f} s (median of {repeats}, {min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
