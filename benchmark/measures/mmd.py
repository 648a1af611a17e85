"""The unbiased estimate of the squared maximum mean discrepancy (Gretton et al., JMLR 2012, eq. 3)."""

import numpy as np

from benchmark.measures.halves import strata_of
from benchmark.measures.pairs import counted_once
from benchmark.measures.resampling import multiplicities
from benchmark.specs.measure import Draws
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


def resampled_mmd(
    kernels: tuple[Array, Array, Array], draws: Draws, rows: Array, source_rows: Array, beside: Array | None = None
) -> Array:
    """Negated MMD² of all resamples to first order, (B,), in which what belongs to a pair of images counts once.

    kernels: see unbiased_mmd. rows, source_rows: row numbers of the images that they are of, (n,) and (m,). beside: (n,), what
    a target image changes in the score by other ways.
    """
    among_target, among_source, between = kernels
    count, others = between.shape
    value = -float(unbiased_mmd(kernels, np.ones((1, count)), np.ones((1, others)))[0])
    within = [2 * _without_mean(kernel) / len(kernel) / (len(kernel) - 1) for kernel in (among_target, among_source)]
    across = 2 * (between - between.mean()) / (count * others)
    pairs = np.block([[-within[0], across], [across.T, -within[1]]])
    effects = pairs.sum(axis=1)
    if beside is not None:
        effects[:count] += beside
    own, there = strata_of(draws.target)[rows], strata_of(draws.source)[source_rows]
    strata = np.unique(np.concatenate([own, own.max() + 1 + there]), return_inverse=True)[1]
    effects = counted_once(effects, pairs, strata)
    target, source = (multiplicities(drawn, drawn.shape[1]) for drawn in (draws.target, draws.source))
    return np.asarray(value + np.hstack([target[:, rows], source[:, source_rows]]) @ effects - effects.sum())


def _without_mean(kernel: Array) -> Array:
    """The kernel of pairs of different images (n, n) minus its mean over them; 0 on the diagonal."""
    centred = kernel - (kernel.sum() - np.trace(kernel)) / len(kernel) / (len(kernel) - 1)
    np.fill_diagonal(centred, 0)
    return np.asarray(centred)


def _mean_over_pairs(kernel: Array, weights: Array) -> Array:
    """Mean of the kernel over pairs of different images: Σ_{i≠j} w_i w_j k_ij / Σ_{i≠j} w_i w_j, (B,)."""
    own = np.einsum("bn,n->b", weights**2, np.diagonal(kernel))
    every = np.einsum("bn,bn->b", weights, weights @ kernel)
    pairs = weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1)
    return np.asarray((every - own) / pairs)
