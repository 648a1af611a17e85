"""Draws the parts of a split so that each class is in each part, and within one unit of its share there.

A unit is what stays whole: an image, or all images of a group. Units with the same numbers of images of the same classes are of
one kind, and it is enough to decide how many units of each kind are in each part:

1. Of every 20 units of a kind each part gets exactly its share.
2. The rest is dealt out, units of rare classes first and large units before small ones; each unit goes to the part with the
   largest deficit of its classes.
3. Single units, then two at a time, change their part for as long as that brings the parts nearer to their shares.

All comparisons are of whole numbers, so that every machine draws the same parts.
"""

from dataclasses import dataclass

import numpy as np

TWENTY = 20  # shares are given in twentieths
FINE = 8  # deviations are counted in 1/160 of a unit
ONE_UNIT = FINE * TWENTY
OF_THREE = ONE_UNIT * 11 // 10  # three units in three parts: training has 1 of 2.1, and nothing nearer has all parts
EXCESS, ABSENT = 1000, 10**12  # weights: more than one unit away from the share; a class that a part does not have
NEVER = 2**62
STEPS, SECOND_LOOKS, RESTARTS, SMALL = 1000, 24, 20, 400  # SMALL: the number of kinds up to which a draw is tried again


@dataclass(frozen=True)
class Units:
    """Units, and how many images of each class each has.

    Attributes:
        unit, label, images: (E,) int64, sorted by unit: the unit has this number of images of the class.
        size: (U,) int64, the number of images of each unit.
    """

    unit: np.ndarray
    label: np.ndarray
    images: np.ndarray
    size: np.ndarray


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
    division = _Division(_select(units, first), counts, np.array(shares))
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


class _Division:
    """How many units of each kind each part has, and what that gives each class.

    x: (K, P) units of a kind in a part. have: (2, C, P) units and images of a class in a part. total: (P,) images of a part.
    """

    def __init__(self, kinds: Units, counts: np.ndarray, shares: np.ndarray) -> None:
        self.kinds, self.shares = kinds, shares
        self.begins = np.searchsorted(kinds.unit, np.arange(len(counts)))
        self.x = counts[:, None] // TWENTY * shares
        # A unit adds 1 to the units of its class, and its images to the images of the class; `largest` is the most it adds.
        self.step = np.stack([np.ones_like(kinds.images), kinds.images])
        classes = int(kinds.label.max()) + 1
        self.all, self.largest = np.zeros((2, classes), dtype=np.int64), np.ones((2, classes), dtype=np.int64)
        for row in (0, 1):
            np.add.at(self.all[row], kinds.label, self.step[row] * counts[kinds.unit])
            np.maximum.at(self.largest[row], kinds.label, self.step[row])
        self.limit = np.where((self.all[0] == 3) & (len(shares) == 3), OF_THREE, ONE_UNIT)
        self.everywhere = self.all[0] >= len(shares)
        self._count()

    def _count(self) -> None:
        self.have = np.zeros((2, self.all.shape[1], len(self.shares)), dtype=np.int64)
        for row in (0, 1):
            np.add.at(self.have[row], self.kinds.label, self.step[row][:, None] * self.x[self.kinds.unit])
        self.total = self.kinds.size @ self.x

    def deal(self, rest: np.ndarray) -> None:
        """Deal out `rest` units of each kind, (K,), each to the part with the largest deficit of its classes.

        A deficit is one of units and of images; that of images counts as much as this unit can make up for.
        """
        kinds, shares, parts = self.kinds, self.shares.tolist(), range(len(self.shares))
        rarest = np.minimum.reduceat(self.all[0][kinds.label], self.begins)
        order = np.lexsort((-kinds.size, rarest))
        entries = np.split(np.stack([kinds.label, kinds.images], axis=1), self.begins[1:])
        units, images = ([[0] * len(self.limit) for _ in parts] for _ in (0, 1))
        overall, largest = [0] * len(shares), self.largest[1].tolist()
        for kind in np.repeat(order, rest[order]).tolist():
            mine, size, needs = entries[kind].tolist(), int(kinds.size[kind]), []
            for part, share in enumerate(shares):
                overall[part] += share * size
                need = 0
                for label, count in mine:
                    units[part][label] += share
                    images[part][label] += share * count
                    need += FINE * units[part][label] + FINE * count * images[part][label] // largest[label] ** 2
                needs.append((need, overall[part], -part))
            chosen = -max(needs)[2]
            overall[chosen] -= TWENTY * size
            for label, count in mine:
                units[chosen][label] -= TWENTY
                images[chosen][label] -= TWENTY * count
            self.x[kind, chosen] += 1
        self._count()

    def settle(self, rng: np.random.Generator) -> None:
        """Move units between parts until no move helps; where a class is still too far away, try from other beginnings."""
        self._descend()
        best, cost = self.x.copy(), self._hard()
        for _ in range(RESTARTS if len(self.x) <= SMALL else 0):
            if not cost:
                break
            for _ in range(2 + len(self.x) // 8):
                kind = int(rng.integers(len(self.x)))
                there = np.flatnonzero(self.x[kind])
                self._move(kind, int(rng.choice(there)), int(rng.integers(len(self.shares))))
            self._descend()
            if self._hard() < cost:
                best, cost = self.x.copy(), self._hard()
        self.x = best

    def _descend(self) -> None:
        for _ in range(STEPS):
            gains = self._gains()
            best = int(gains.argmin())
            if gains.flat[best] < 0:
                self._move(*map(int, np.unravel_index(best, gains.shape)))
            elif not self._hard() or not self._move_two(gains):
                return

    def _move_two(self, gains: np.ndarray) -> bool:
        """Make two moves that help together; False if none of the most promising do."""
        for flat in np.argsort(gains, axis=None, kind="stable")[:SECOND_LOOKS]:
            if gains.flat[flat] == NEVER:
                return False
            kind, one, other = map(int, np.unravel_index(flat, gains.shape))
            self._move(kind, one, other)
            after = self._gains()
            best = int(after.argmin())
            if gains.flat[flat] + after.flat[best] < 0:
                self._move(*map(int, np.unravel_index(best, after.shape)))
                return True
            self._move(kind, other, one)
        return False

    def _move(self, kind: int, one: int, other: int) -> None:
        """Move a unit of a kind from part `one` to part `other`."""
        here = slice(self.begins[kind], self.begins[kind + 1] if kind + 1 < len(self.begins) else None)
        for part, sign in ((one, -1), (other, 1)):
            self.x[kind, part] += sign
            self.have[:, self.kinds.label[here], part] += sign * self.step[:, here]
            self.total[part] += sign * self.kinds.size[kind]

    def _gains(self) -> np.ndarray:
        """(K, P, P) int64: how the cost changes when a unit of a kind moves from the first part to the second one."""
        label, size, step = self.kinds.label, self.kinds.size[:, None], self.step[:, :, None]
        have = self.have[:, label]
        here = self._cost(label, have)
        away = np.add.reduceat(self._cost(label, have - step) - here, self.begins)
        more = np.add.reduceat(self._cost(label, have + step) - here, self.begins)
        away += self._cost_of_sizes(self.total - size) - self._cost_of_sizes(self.total)
        more += self._cost_of_sizes(self.total + size) - self._cost_of_sizes(self.total)
        gains = np.where((self.x > 0)[:, :, None], away[:, :, None] + more[:, None, :], NEVER)
        parts = np.arange(len(self.shares))
        gains[:, parts, parts] = NEVER
        return gains

    def _cost(self, label: np.ndarray, have: np.ndarray) -> np.ndarray:
        """The cost (E, P) of classes (E,) of which the parts have `have` (2, E, P) units and images."""
        away = self._away(label, have)
        beyond = np.maximum(np.abs(away) - self.limit[label][:, None], 0)
        absent = (have[0] == 0) & self.everywhere[label][:, None]
        cost: np.ndarray = (away**2 + EXCESS * beyond**2).sum(axis=0) + ABSENT * absent
        return cost

    def _away(self, label: np.ndarray, have: np.ndarray) -> np.ndarray:
        """How far classes are from their shares, in 1/160 of a unit, or of the images of the largest unit; as `have`."""
        exact = self.shares * self.all[:, label][:, :, None]
        distance: np.ndarray = FINE * (TWENTY * have - exact) // self.largest[:, label][:, :, None]
        return distance

    def _cost_of_sizes(self, total: np.ndarray) -> np.ndarray:
        away = FINE * (TWENTY * total - self.shares * self.total.sum()) // int(self.kinds.size.max())
        squared: np.ndarray = away**2
        return squared

    def _hard(self) -> int:
        """0 if each class is in each part where it can be, and nowhere more than one unit away from its share."""
        every = np.arange(len(self.limit))
        return int((self._cost(every, self.have) - (self._away(every, self.have) ** 2).sum(axis=0)).sum())
