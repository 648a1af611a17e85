"""Optimal transport between numbers: sorted numbers are moved to those of the same rank; many projections at once."""

import numpy as np

from benchmark.specs.needs import Array


def rank_coupling(count: int, others: int) -> tuple[Array, Array, Array]:
    """The coupling of sorted images: ranks of target and source, (K,) each, and the mass that they share, (K,)."""
    marks = np.unique(np.concatenate([np.arange(1, count + 1) * others, np.arange(1, others + 1) * count]))
    masses = np.diff(marks, prepend=0) / (count * others)
    before = marks - 1
    return before // others, before // count, masses


def sorted_transport(
    one: Array, other: Array, steps: tuple[Array, Array, Array]
) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """Squared Wasserstein distances of numbers (N, L) and (M, L), what an image adds (its potential over N, less the cost),
    shifts.

    Shifts are the derivatives of the cost by each image's own number. A potential changes between neighbours in rank as the
    cost does where the coupling passes from one to the other; where it passes both at once, half of the change is of each.
    """
    ranks = np.argsort(one, axis=0, kind="stable"), np.argsort(other, axis=0, kind="stable")
    row, column, mass = steps
    x, z = np.take_along_axis(one, ranks[0], axis=0)[row], np.take_along_axis(other, ranks[1], axis=0)[column]
    cost = mass @ (x - z) ** 2
    pushes = 2 * mass[:, None] * (x - z)
    x_moves = ((x[1:] - z[:-1]) ** 2 - (x[:-1] - z[:-1]) ** 2 + (x[1:] - z[1:]) ** 2 - (x[:-1] - z[1:]) ** 2) / 2
    z_moves = ((x[:-1] - z[1:]) ** 2 - (x[:-1] - z[:-1]) ** 2 + (x[1:] - z[1:]) ** 2 - (x[1:] - z[:-1]) ** 2) / 2
    results: list[tuple[Array, Array]] = []
    for side, (places, moves, sign) in enumerate(((row, x_moves, 1), (column, z_moves, -1))):
        count = places[-1] + 1
        first = np.searchsorted(places, np.arange(count))
        level = np.concatenate([np.zeros((1, cost.size)), np.cumsum(moves, axis=0)])[first]
        level = (level - level.mean(axis=0)) / count
        shift = np.add.reduceat(sign * pushes, first, axis=0)
        back = np.argsort(ranks[side], axis=0, kind="stable")
        results.append((np.take_along_axis(level, back, axis=0), np.take_along_axis(shift, back, axis=0)))
    return cost, (results[0][0], results[1][0]), (results[0][1], results[1][1])
