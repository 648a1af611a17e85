"""Optimal transport between two samples of images, and its cost for other weights of the images, to first order."""

from dataclasses import dataclass

import numpy as np

from benchmark.specs.needs import Array


@dataclass(frozen=True)
class TransportPlan:
    """Exact or entropic transport between n target images and m source images.

    Attributes:
        cost: the mean ground cost. coupling: the mass moved between each pair of images, (n, m); None if entropic.
        price, source_price: dual potentials, what each image adds to the cost, (n,) and (m,).
        rows, source_rows: row numbers of the images in their data sets, (n,) and (m,).
    """

    cost: float
    coupling: Array | None
    price: Array
    source_price: Array
    rows: Array
    source_rows: Array

    def cost_at(self, weights: Array, source_weights: Array) -> Array:
        """The cost for other weights of the images, (B, n) and (B, m), computed from the dual potentials → (B,).

        By duality the exact cost at these weights is never smaller.
        """
        with np.errstate(invalid="ignore"):
            of_source = source_weights @ self.source_price / source_weights.sum(axis=1)
            return np.asarray(weights @ self.price / weights.sum(axis=1) + of_source)


def exact_transport(cost: Array, rows: Array, source_rows: Array) -> TransportPlan:
    """Exact transport between equally weighted images for a ground cost (n, m)."""
    import ot  # takes seconds to import

    count, others = cost.shape
    even, source_even = np.full(count, 1 / count), np.full(others, 1 / others)
    coupling, log = ot.emd(even, source_even, cost, numItermax=10_000_000, log=True)
    return TransportPlan(float((coupling * cost).sum()), coupling, log["u"], log["v"], rows, source_rows)


def square_distances(one: Array, other: Array) -> Array:
    """Squared Euclidean distances |x - y|², (n, m)."""
    middle = one.mean(axis=0)  # products of numbers far from 0 would cancel
    one, other = one - middle, other - middle
    lengths, other_lengths = np.einsum("nd,nd->n", one, one), np.einsum("md,md->m", other, other)
    return np.asarray(np.maximum(lengths[:, None] + other_lengths - 2 * one @ other.T, 0))
