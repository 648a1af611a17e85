"""Replicate relabellings: the same experiment with the names of its replicates exchanged at random.

Runs of one target and source that differ by the seed, or by a weight decay too small to matter, are replicates: which of them
carried which name was chance. A relabelling permutes the runs inside each such group, all figures of a run together. The regret
of a policy is its mean over relabellings; the plain file is one draw among them.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from results.choosing.draws import generator
from results.choosing.groups import groups_of
from results.choosing.matrix import Matrix
from results.choosing.prior import FIGURES


def has_replicates(matrix: Matrix) -> bool:
    """Whether any two runs of the experiment are replicates of each other."""
    groups = groups_of(matrix.settings)
    member = groups[:, None] == np.arange(int(groups.max(initial=-1)) + 1)
    return bool((np.einsum("tscr,cg->tsg", matrix.made.astype(int), member.astype(int)) > 1).any())


def relabelled(matrix: Matrix, number: int) -> Matrix:
    """The relabelling of this number: 0 is the experiment as it is.

    Only runs that were made change places, so that pairs, settings and seeds without a run stay without one.
    """
    if number == 0:
        return matrix
    targets, sources, settings, seeds = matrix.made.shape
    shape = (targets, sources, settings * seeds)
    groups = np.repeat(groups_of(matrix.settings), seeds)
    key = 2.0 * groups + ~matrix.made.reshape(shape)
    cells = np.arange(settings * seeds) / (settings * seeds)
    order = generator("relabelling", number, *matrix.targets, *matrix.sources).random(shape)
    old, new = np.argsort(key + order, axis=-1), np.argsort(key + cells, axis=-1)
    place = np.empty(shape, dtype=int)
    np.put_along_axis(place, new, old, axis=-1)

    def moved(name: str) -> Any:
        return np.take_along_axis(getattr(matrix, name).reshape(shape), place, axis=-1).reshape(matrix.made.shape)

    return replace(matrix, **{name: moved(name) for name in FIGURES})
