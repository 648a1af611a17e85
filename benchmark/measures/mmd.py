"""The unbiased estimate of the squared maximum mean discrepancy (Gretton et al., JMLR 2012, eq. 3)."""

import numpy as np

from benchmark.specs.needs import Array


def unbiased_mmd(kernels: tuple[Array, Array, Array], weights: Array, source_weights: Array) -> Array:
    """MMD² for weighted images, (B,); NaN if a side holds no pair of different images.

    kernels: k(x, x) (n, n), k(y, y) (m, m), k(x, y) (n, m). weights: (B, n) and (B, m), how often each image counts.
    """
    among_target, among_source, between = kernels
    across = np.einsum("bn,bn->b", weights, source_weights @ between.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        across = across / (weights.sum(axis=1) * source_weights.sum(axis=1))
        squared: Array = _mean_over_pairs(among_target, weights) + _mean_over_pairs(among_source, source_weights) - 2 * across
    return squared


def _mean_over_pairs(kernel: Array, weights: Array) -> Array:
    """Mean of the kernel over pairs of different images: Σ_{i≠j} w_i w_j k_ij / Σ_{i≠j} w_i w_j, (B,)."""
    own = np.einsum("bn,n->b", weights**2, np.diagonal(kernel))
    every = np.einsum("bn,bn->b", weights, weights @ kernel)
    pairs = weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1)
    return np.asarray((every - own) / pairs)
