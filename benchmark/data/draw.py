"""Draws the parts of a split so that each class is in each part, and within one unit of its share there.

A unit is what stays whole: an image, or all images of a group. Units with the same numbers of images of the same classes are of
one kind, and it is enough to decide how many units of each kind are in each part:

1. Of every 20 units of a kind each part gets exactly its share.
2. The rest is dealt out, units of rare classes first and large units before small ones; each unit goes to the part with the
   largest deficit of its classes.
3. Single units, and two at a time, change their part for as long as that brings the parts nearer to their shares.

All comparisons are of whole numbers, so that every machine draws the same parts.
"""

import numpy as np

from benchmark.data.division import TWENTY, Division, Units


def units_of(labels: np.ndarray, members: np.ndarray) -> Units:
    """The units of images with labels (N,), or (N, C) of 0 and 1, and with unit numbers `members` (N,), 0 to U − 1.

    Images without any of several labels count as a class of their own.
    """
    if labels.ndim == 1:
        rows, column = np.arange(len(labels)), labels.astype(np.int64)
    else:
        without = np.flatnonzero(~labels.any(axis=1))
        rows, column = np.nonzero(labels)
        rows, column = np.concatenate([rows, without]), np.concatenate([column, np.full(len(without), labels.shape[1])])
    classes = int(column.max()) + 1
    pairs, images = np.unique(members[rows] * classes + column, return_counts=True)
    return Units(pairs // classes, pairs % classes, images.astype(np.int64), np.bincount(members).astype(np.int64))


def draw(units: Units, shares: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """The number of the part of each unit, (U,) int64. `shares`: of the parts in twentieths, the training part first."""
    kind, first = _kinds(units, rng)
    counts = np.bincount(kind)
    division = Division(_select(units, first), counts, np.array(shares))
    division.deal(counts % TWENTY)
    division.settle(rng)
    order = rng.permutation(len(units.size))
    order = order[np.argsort(kind[order], kind="stable")]
    part = np.empty(len(order), dtype=np.int64)
    part[order] = np.repeat(np.tile(np.arange(len(shares)), len(counts)), division.x.ravel())
    return part


def deviations(units: Units, part: np.ndarray, shares: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """How far each class (C,) is from its share in each part (P,): in units, (C, P), and in images, (C, P)."""
    classes = int(units.label.max()) + 1
    share = np.array(shares) / TWENTY
    tables = []
    for weight in (np.ones(len(units.unit)), units.images):
        table = np.zeros((classes, len(shares)))
        np.add.at(table, (units.label, part[units.unit]), weight)
        tables.append(table - table.sum(axis=1, keepdims=True) * share)
    return tables[0], tables[1]


def _kinds(units: Units, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The kind of each unit, (U,), and the first unit of each kind, (K,). A random sum of its entries is the mark of a kind."""
    _, entry = np.unique(units.label * (int(units.images.max()) + 1) + units.images, return_inverse=True)
    _, size = np.unique(units.size, return_inverse=True)
    marks = [rng.integers(0, 2**63, size=int(which.max()) + 1, dtype=np.uint64) for which in (entry, size)]
    begins = np.searchsorted(units.unit, np.arange(len(units.size)))
    sums = np.add.reduceat(marks[0][entry], begins) + marks[1][size]
    _, first, kind = np.unique(sums, return_index=True, return_inverse=True)
    return kind, first


def _select(units: Units, chosen: np.ndarray) -> Units:
    """The units `chosen`, numbered from 0."""
    begins = np.searchsorted(units.unit, np.arange(len(units.size) + 1))
    lengths = (begins[1:] - begins[:-1])[chosen]
    unit = np.repeat(np.arange(len(chosen)), lengths)
    within = np.arange(len(unit)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    entry = begins[chosen][unit] + within
    return Units(unit, units.label[entry], units.images[entry], units.size[chosen])
