"""The search behind benchmark.data.draw: how many units of each kind are in each part.

The cost of a division is a whole number, so that every machine finds the same one. It grows with the squares of how far classes
are from their shares, steeply beyond one unit, and most for a class that a part does not have.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

TWENTY = 20  # shares are given in twentieths
FINE = 8  # deviations are counted in 1/160 of a unit
ONE_UNIT = FINE * TWENTY
OF_THREE = ONE_UNIT * 11 // 10  # three units in three parts: training has 1 of 2.1, and nothing nearer has all parts
EXCESS, ABSENT = 1000, 10**12  # weights: more than one unit away from the share; a class that a part does not have
NEVER = 2**62
WORK = (
    10_000_000  # entries of kinds that are looked at; where there are more kinds, there are fewer moves and less need of them
)
SECOND_LOOKS, RESTARTS, SMALL = 24, 20, 400  # SMALL: the number of kinds up to which a search begins again and looks closely
SWAPPED, TOUCHED = 48, 100_000  # kinds of each part that are swapped with each other, and classes × swaps looked at at once


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


class Division:
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
        for _ in range(WORK // len(self.kinds.unit)):
            gains = self._gains()
            best = int(gains.argmin())
            if gains.flat[best] < 0:
                self._move(*map(int, np.unravel_index(best, gains.shape)))
            elif not self._hard() or not (self._move_two(gains) if len(self.x) <= SMALL else self._swap(gains)):
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

    def _swap(self, gains: np.ndarray) -> bool:
        """Swap units of two kinds between two parts, of those that cost least to move; False if no swap helps."""
        best, chosen = 0, None
        for one, other in combinations(range(len(self.shares)), 2):
            there, back = (self._cheapest(gains[:, a, b]) for a, b in ((one, other), (other, one)))
            change = self._change_by_swaps(there, back, one, other)
            if change.size and change.min() < best:
                best, place = int(change.min()), np.unravel_index(int(change.argmin()), change.shape)
                chosen = int(there[place[0]]), int(back[place[1]]), one, other
        if chosen is not None:
            self._move(chosen[0], *chosen[2:])
            self._move(chosen[1], *reversed(chosen[2:]))
        return chosen is not None

    def _cheapest(self, gains: np.ndarray) -> np.ndarray:
        """The kinds that cost least to move, (A,): half of them of any class, half with the class that is farthest away."""
        most = max(2, min(SWAPPED, int((TOUCHED / len(self.limit)) ** 0.5)))
        away = np.abs(self._away(np.arange(len(self.limit)), self.have)).max(axis=(0, 2))
        with_farthest = np.zeros(len(self.x), dtype=bool)
        with_farthest[self.kinds.unit[self.kinds.label == away.argmax()]] = True
        order = np.argsort(gains, kind="stable")
        order = order[gains[order] < NEVER]
        return np.unique(np.concatenate([order[: most // 2], order[with_farthest[order]][: most // 2]]))

    def _change_by_swaps(self, there: np.ndarray, back: np.ndarray, one: int, other: int) -> np.ndarray:
        """How the cost changes, (A, B), when a unit of `there` (A,) goes to part `other`, and one of `back` (B,) to `one`."""
        steps = []
        for kinds in (there, back):
            step = np.zeros((2, len(self.limit), len(kinds)), dtype=np.int64)
            for column, kind in enumerate(kinds):
                here = self._entries(kind)
                step[:, self.kinds.label[here], column] = self.step[:, here]
            steps.append(step)
        every, moved = np.arange(len(self.limit)), steps[0][..., :, None] - steps[1][..., None, :]
        moved = moved.reshape(2, len(every), -1)
        size = (self.kinds.size[there][:, None] - self.kinds.size[back]).ravel()
        change = np.zeros(size.shape, dtype=np.int64)
        for part, sign in ((one, -1), (other, 1)):
            have = self.have[:, :, part, None]
            cost = self._cost(every, have + sign * moved, self.shares[part]) - self._cost(every, have, self.shares[part])
            change += cost.sum(axis=0)
            total = np.array([self.total[part]])
            change += self._cost_of_sizes(total + sign * size, self.shares[part]) - self._cost_of_sizes(
                total, self.shares[part]
            )
        return change.reshape(len(there), len(back))

    def _entries(self, kind: int) -> slice:
        return slice(self.begins[kind], self.begins[kind + 1] if kind + 1 < len(self.begins) else None)

    def _move(self, kind: int, one: int, other: int) -> None:
        """Move a unit of a kind from part `one` to part `other`."""
        here = self._entries(kind)
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

    def _cost(self, label: np.ndarray, have: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
        """The cost (E, P) of classes (E,) of which parts of some shares (all parts) have `have` (2, E, P) units and images."""
        away = self._away(label, have, shares)
        beyond = np.maximum(np.abs(away) - self.limit[label][:, None], 0)
        absent = (have[0] == 0) & self.everywhere[label][:, None]
        cost: np.ndarray = (away**2 + EXCESS * beyond**2).sum(axis=0) + ABSENT * absent
        return cost

    def _away(self, label: np.ndarray, have: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
        """How far classes are from their shares, in 1/160 of a unit, or of the images of the largest unit; as `have`."""
        exact = (self.shares if shares is None else shares) * self.all[:, label][:, :, None]
        distance: np.ndarray = FINE * (TWENTY * have - exact) // self.largest[:, label][:, :, None]
        return distance

    def _cost_of_sizes(self, total: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
        away = (
            FINE
            * (TWENTY * total - (self.shares if shares is None else shares) * self.total.sum())
            // int(self.kinds.size.max())
        )
        squared: np.ndarray = away**2
        return squared

    def _hard(self) -> int:
        """0 if each class is in each part where it can be, and nowhere more than one unit away from its share."""
        every = np.arange(len(self.limit))
        return int((self._cost(every, self.have) - (self._away(every, self.have) ** 2).sum(axis=0)).sum())
