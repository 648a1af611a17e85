"""Optimal transport between numbers: sorted numbers are moved to those of the same rank; many projections at once."""

import numpy as np

from benchmark.specs.needs import Array


def rank_coupling(count: int, others: int) -> tuple[Array, Array, Array]:
    """The coupling of sorted images: ranks of target and source, (K,) each, and the mass that they share, (K,)."""
    marks = np.unique(np.concatenate([np.arange(1, count + 1) * others, np.arange(1, others + 1) * count]))
    masses = np.diff(marks, prepend=0) / (count * others)
    before = marks - 1
    return before // others, before // count, masses


def sorted_transport(one: Array, other: Array, steps: tuple[Array, Array, Array]) -> Array:
    """Squared Wasserstein distances, (L,), of numbers (N, L) and (M, L), column by column; steps: see `rank_coupling`."""
    row, column, mass = steps
    return np.asarray(mass @ (np.sort(one, axis=0)[row] - np.sort(other, axis=0)[column]) ** 2)
