"""Fingerprints that find the same picture in two sets, also with another encoding, size or brightness.

Every picture is reduced to 32 × 32 grey pixels, whatever its size and colour. Two features come from their cosine transform
(DCT):

1. `words`: the signs of the 128 lowest frequencies, the constant left out: a perceptual hash (pHash, Zauner 2010) made of
   frequencies that a picture of 28 pixels has too. Pictures within `NEAR` bits are candidates.
2. `shape`: the frequencies below radius 10, scaled so that every ring of frequencies weighs by its number of
   coefficients: halving a picture weakens its high rings and leaves each ring's pattern alone. Candidates whose shapes
   have a cosine of at least `SAME` are one picture.

How the limits were chosen, on BreastMNIST, PneumoniaMNIST and RetinaMNIST (28 px), HAM10000 (28 px), MedNIST (64 px), IDC
(50 px) and CIFAR-10 (32 px), 48,785 pictures; copies of 1,500 pictures of each set (all 780 of BreastMNIST):

- found again: JPEG of quality 75: 96.6 % (HAM10000), 99.9 % or more elsewhere; halved and enlarged again: 97.4 % (IDC, whose
  palest patches become nearly constant), 98.8 % (RetinaMNIST), 99.1 % or more elsewhere; 10 % brighter: 99.7 % or more.
  Flipped, turned or cropped pictures are not looked for.
- false alarms: none in the billion pairs of pictures of two different sets, none between the lesions of HAM10000 (one pair
  in 50 million is found, and is one photograph); a few pairs of fundi in RetinaMNIST are doubtful (2 of 26), none of them in
  two parts. From a cosine of 0.98 down other pairs of eyes and lesions pass; at 0.97 dozens do.
- what did not separate: a plain correlation of the pixels (two chest X-rays reach 0.96, two eyes 0.99, a halved copy may
  have 0.90), and 64 bits (at the 4 that copies differ by, RetinaMNIST has 0.3 false pairs per picture).
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchmark.data.volumes import slice_count, slices_of
from benchmark.machine.threads import usable_cores
from results.text.counting import counted

VERSION = 1  # raised when a fingerprint or a limit changes; results stored under another version are not used
SIDE = 32
BITS, NEAR = 128, 20
RADIUS, RING, SAME = 10, 2, 0.985
# A picture with a smaller standard deviation (of 255 grey levels) is nearly constant, background or an empty patch: that
# two such pictures are equal means nothing. IDC has 25, MedNIST 22, HAM10000 3 of them; left in, each finds all others.
FLAT = 5.0
NOISE = 1.0  # grey levels; rounding error of a coefficient that should be zero
ROWS, COLUMNS, PAIRS = 16, 4096, 65536  # blocks that stay in the cache of a core; see scripts/bench_leakage.py


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of N pictures.

    Attributes:
        words: (N, 2) uint64. shape: (N, D) float32 of length 1.
        pixels: (N,) uint64, equal for equal grey pixels. flat: (N,) bool, True for nearly constant pictures.
    """

    words: np.ndarray
    shape: np.ndarray
    pixels: np.ndarray
    flat: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> "Fingerprints":
        return Fingerprints(self.words[chosen], self.shape[chosen], self.pixels[chosen], self.flat[chosen])


def _frequencies() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The DCT matrix (SIDE, SIDE); the BITS lowest places in the flattened transform; the ring of each place in the shape."""
    k = np.arange(SIDE)
    matrix = np.cos(np.pi * np.outer(k, 2 * k + 1) / (2 * SIDE)) * np.sqrt(2 / SIDE)
    matrix[0] /= np.sqrt(2)
    radius = np.hypot(k[:, None], k[None]).ravel()
    lowest = np.argsort(radius, kind="stable")[1 : BITS + 1]
    inside = radius[lowest] < RADIUS
    return matrix, lowest, ((radius[lowest][inside] - 0.5) // RING).astype(int)


MATRIX, LOWEST, RINGS = _frequencies()


def fingerprints_of(images: np.ndarray) -> Fingerprints:
    """Fingerprints of (N, SIDE, SIDE, 1 or 3) uint8, RGB, or of volumes as strips (N, K·SIDE, SIDE, 1 or 3).

    Volumes are candidates by their middle slices, and their shape is that of all slices: its cosine is the mean over slices.
    """
    parts = [_prints(images[start : start + COLUMNS]) for start in range(0, max(len(images), 1), COLUMNS)]
    return Fingerprints(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Fingerprints.__dataclass_fields__)
    )


def _prints(images: np.ndarray) -> Fingerprints:
    count = slice_count(*images.shape[1:3])
    flat = to_grey(slices_of(images))
    transformed = (MATRIX @ flat.astype(np.float64) @ MATRIX.T).reshape(len(flat), SIDE * SIDE)[:, LOWEST]
    words = np.ascontiguousarray(np.packbits(transformed > NOISE, axis=1)).view(np.uint64)
    shape = np.empty((len(flat), len(RINGS)))
    for ring in range(RINGS.max() + 1):
        here = np.flatnonzero(ring == RINGS)
        energy = (transformed[:, here] ** 2).sum(axis=1, keepdims=True) / len(here)
        shape[:, here] = transformed[:, here] / np.sqrt(energy + NOISE**2)
    whole, constant = flat.reshape(len(images), count * SIDE, SIDE), flat.std(axis=(1, 2)) < FLAT
    if count > 1:
        shape = _of_length_one(shape).reshape(len(images), -1)
        words, constant = words[count // 2 :: count], constant.reshape(-1, count).all(axis=1)
    pixels = [int.from_bytes(hashlib.blake2b(picture.tobytes(), digest_size=8).digest()) for picture in whole]
    return Fingerprints(words, _of_length_one(shape).astype(np.float32), np.array(pixels, dtype=np.uint64), constant)


def _of_length_one(shape: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(shape, axis=1, keepdims=True)
    return np.asarray(shape / np.maximum(length, np.finfo(np.float64).tiny))


def to_grey(images: np.ndarray) -> np.ndarray:
    """Grey (N, H, W) uint8 of (N, H, W, 1 or 3): ITU-R 601 in integers, so that a grey picture stored as RGB does not
    change.
    """
    if images.shape[-1] == 1:
        return images[..., 0]
    levels = images.astype(np.uint32) @ np.array([19595, 38470, 7471], dtype=np.uint32)
    return ((levels + 0x8000) >> 16).astype(np.uint8)


def find_duplicates(one: Fingerprints, other: Fingerprints) -> tuple[np.ndarray, np.ndarray]:
    """For every picture of `other` its duplicate in `one`: (N_other,) row numbers, -1 without duplicate; (N_other,) bool, all
    pixels equal.

    Of several duplicates the most similar is returned, of equally similar ones the first. Nearly constant pictures have no
    duplicate, and a volume has none among pictures or among volumes of another number of slices.
    """
    index = np.full(len(other.flat), -1)
    exact = np.zeros(len(other.flat), dtype=bool)
    if one.shape.shape[1] != other.shape.shape[1]:
        return index, exact
    left, right = np.flatnonzero(~one.flat), np.flatnonzero(~other.flat)
    first, second = one[left], other[right]
    words = np.asfortranarray(first.words)

    def search(start: int) -> None:
        rows = np.arange(start, min(start + ROWS, len(right)))
        i, j = near_pairs(second.words[rows], words)
        i, j, alike = _verified(first, second, rows[i], j)
        equal = first.pixels[j] == second.pixels[i]
        order = np.lexsort((j, -alike, ~equal, i))
        queries, best = np.unique(i[order], return_index=True)
        index[right[queries]] = left[j[order][best]]
        exact[right[queries]] = equal[order][best]

    _in_threads(search, len(right))
    return index, exact


def find_pairs(prints: Fingerprints) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of duplicates among N pictures: (n, 2) int64 row numbers, the smaller one first; (n,) bool, all pixels equal;
    (n,) float32 cosine.

    Pictures with equal pixels are each paired with the first one of them alone, and only that one is paired with near-copies:
    a thousand equal pictures make 999 pairs. Nearly constant pictures have no duplicate.
    """
    rows = np.flatnonzero(~prints.flat)
    _, first, group = np.unique(prints.pixels[rows], return_index=True, return_inverse=True)
    equal = np.flatnonzero(first[group] != np.arange(len(rows)))
    kept = np.sort(first)
    some = prints[rows[kept]]
    words, found = np.asfortranarray(some.words), []

    def search(start: int) -> None:
        these = np.arange(start, min(start + ROWS, len(kept)))
        i, j = near_pairs(words[these], words[start:])
        after = j > i
        i, j, alike = _verified(some, some, these[i[after]], j[after] + start)
        found.append((i, j, alike))

    _in_threads(search, len(kept))
    found.append((np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)))
    i, j, alike = (np.concatenate(each) for each in zip(*found, strict=True))
    pairs = np.concatenate([np.stack([first[group[equal]], equal], axis=1), np.stack([kept[i], kept[j]], axis=1)])
    exact = np.arange(len(pairs)) < len(equal)
    cosine = np.concatenate([np.ones(len(equal), dtype=np.float32), np.minimum(alike, 1)])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return rows[pairs[order]], exact[order], cosine[order]


def _in_threads(search: Callable[[int], None], count: int) -> None:
    """Search for the duplicates of `count` pictures, ROWS of them at a time, from the first of them on."""
    with ThreadPoolExecutor(usable_cores()) as pool, counted("looking for copies", 0, count) as done:
        starts = range(0, count, ROWS)
        for start, _ in zip(starts, pool.map(search, starts), strict=True):  # numpy releases the interpreter inside its loops
            done(start)


def near_pairs(rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All (i, j) with at most NEAR different bits between rows[i] and columns[j], (n, 2) uint64; every pair is compared.

    The second words are compared only where the first ones alone do not differ too much, which few do. It is fastest if the
    words of all columns lie one after the other in memory (Fortran order).
    """
    pairs = []
    space = np.empty((len(rows), COLUMNS), dtype=np.uint64)
    counts = np.empty((len(rows), COLUMNS), dtype=np.uint8)
    for start in range(0, len(columns), COLUMNS):
        block = columns[start : start + COLUMNS]
        buffer, count = space[:, : len(block)], counts[:, : len(block)]
        np.bitwise_xor(rows[:, 0, None], block[None, :, 0], out=buffer)
        np.bitwise_count(buffer, out=count)
        i, j = np.divmod(np.flatnonzero(count <= NEAR), len(block))
        near = count[i, j] + np.bitwise_count(rows[i, 1] ^ block[j, 1]) <= NEAR
        if near.any():
            pairs.append((i[near], j[near] + start))
    if not pairs:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    i, j = (np.concatenate(each) for each in zip(*pairs, strict=True))
    return i, j


def _verified(
    first: Fingerprints, second: Fingerprints, i: np.ndarray, j: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The candidates (second[i], first[j]) with similar shapes, and their cosines."""
    blocks = range(0, len(i), PAIRS)
    alike = [np.einsum("nk,nk->n", second.shape[i[b : b + PAIRS]], first.shape[j[b : b + PAIRS]]) for b in blocks]
    cosine = np.concatenate([np.zeros(0, dtype=np.float32), *alike])
    similar = cosine >= SAME
    return i[similar], j[similar], cosine[similar]
