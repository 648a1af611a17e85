#!/usr/bin/env python
"""How even drawn splits are: random data sets are split, and the largest deviation of a class from its share is printed.

    .venv/bin/python scripts/simulate_split.py [CASES]      (2000 by default, divided among the kinds of data sets)

A unit is what a split keeps whole: an image, or a group. Deviations are in units, and in images divided by those of the
largest unit of the class. A class of 3 units has one in each part: training has 1 of 2.1, and nothing nearer is possible.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmark.core.seed import generator
from benchmark.data.division import TWENTY, Units
from benchmark.data.draw import deviations, draw, units_of

Case = tuple[np.ndarray, np.ndarray]  # labels and unit numbers
WHOLE, OF_TRAIN = (14, 3, 3), (17, 3)


def images(rng: np.random.Generator) -> Case:
    """Images without groups; 2 to 12 classes of 3 to 400 images, small ones as often as large ones."""
    counts = np.exp(rng.uniform(np.log(3), np.log(400), rng.integers(2, 13))).astype(int)
    labels = np.repeat(np.arange(len(counts)), counts)
    return labels, np.arange(len(labels))


def groups_of_one_class(rng: np.random.Generator) -> Case:
    """Groups of 1 to 60 images, each of one class."""
    counts = np.exp(rng.uniform(np.log(3), np.log(80), rng.integers(2, 8))).astype(int)
    classes = np.repeat(np.arange(len(counts)), counts)
    sizes = np.exp(rng.uniform(0, np.log(rng.integers(2, 61)), len(classes))).astype(int)
    return np.repeat(classes, sizes), np.repeat(np.arange(len(classes)), sizes)


def groups_of_several_classes(rng: np.random.Generator) -> Case:
    """Groups of 1 to 30 images, each image of any class; every class in at least 3 groups."""
    while True:
        classes, groups = int(rng.integers(2, 7)), int(np.exp(rng.uniform(np.log(5), np.log(150))))
        chances = rng.dirichlet(np.full(classes, rng.uniform(0.5, 5)))
        members = np.repeat(np.arange(groups), rng.integers(1, rng.integers(2, 31), groups))
        labels = rng.choice(classes, len(members), p=chances)
        units = units_of(labels, members)
        if len(set(labels.tolist())) == classes and np.bincount(units.label).min() >= 3:
            return labels, members


def several_labels(rng: np.random.Generator) -> Case:
    """Images with several labels of 2 to 14, each on 0.5 to 50 % of 60 to 2000 images."""
    shape = int(rng.integers(60, 2001)), int(rng.integers(2, 15))
    labels = (rng.random(shape) < np.exp(rng.uniform(np.log(0.005), np.log(0.5), shape[1]))).astype(int)
    return labels, np.arange(len(labels))


KINDS: tuple[tuple[Callable[[np.random.Generator], Case], tuple[int, ...]], ...] = (
    (images, WHOLE), (groups_of_one_class, WHOLE), (groups_of_several_classes, WHOLE), (several_labels, WHOLE),
    (images, OF_TRAIN), (groups_of_one_class, OF_TRAIN),
)  # fmt: skip


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for number, (make, shares) in enumerate(KINDS):
        rng, begun = np.random.default_rng(number), time.perf_counter()
        count, absent, large = cases // len(KINDS) + (number < cases % len(KINDS)), 0, 0
        worst, of_three = np.zeros(2), np.zeros(2)
        for case in range(count):
            labels, members = make(rng)
            units = units_of(labels, members)
            part = draw(units, shares, generator("split", f"case {case}"))
            missing, figures = judge(units, part, shares)
            absent += missing
            three = np.bincount(units.label) == 3
            few = three if len(shares) == 3 else np.zeros(len(three), dtype=bool)
            worst = np.maximum(worst, figures[:, ~few].max(axis=(1, 2), initial=0))
            of_three = np.maximum(of_three, figures[:, few].max(axis=(1, 2), initial=0))
            large += int((figures[:, ~few] > 1 + 1e-9).any())
        seconds = time.perf_counter() - begun
        print(
            f"{make.__name__}, {'/'.join(str(100 * share // TWENTY) for share in shares)}: {count} cases, "
            f"{absent} classes absent from a part; largest deviation {worst[0]:.2f} units, {worst[1]:.2f} in images; "
            f"{large} cases above 1; classes of 3 units {of_three[0]:.2f} and {of_three[1]:.2f}; {seconds:.1f} s"
        )


def judge(units: Units, part: np.ndarray, shares: tuple[int, ...]) -> tuple[int, np.ndarray]:
    """How many classes with enough units are absent from a part; (2, C, P) deviations in units and in largest units."""
    in_units, in_images = deviations(units, part, shares)
    classes = len(in_units)
    count, largest = np.bincount(units.label, minlength=classes), np.ones(classes)
    np.maximum.at(largest, units.label, units.images)
    have = np.zeros((classes, len(shares)))
    np.add.at(have, (units.label, part[units.unit]), 1)
    absent = int(((have == 0).any(axis=1) & (count >= len(shares))).sum())
    return absent, np.abs(np.stack([in_units, in_images / largest[:, None]]))


if __name__ == "__main__":
    main()
