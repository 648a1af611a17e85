"""Kernel inception distance: maximum mean discrepancy with a cubic kernel, without a bandwidth, unbiased for few images."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.mmd import resampled_mmd, unbiased_mmd
from benchmark.measures.resampling import sample


@measure(
    grows="min(N, most)^2 E",
    citation="Binkowski, Sutherland, Arbel & Gretton, Demystifying MMD GANs, ICLR 2018",
)
def kid(neutral: Array, source_neutral: Array, *, most: int = 2000, seed: int = 0) -> float:
    """Negated unbiased MMD² with the kernel k(x, y) = (x·y / E + 1)³; two samples of one distribution score 0 on average.

    neutral: (N, E); source_neutral: (M, E). At most `most` images of each side are sampled with `seed`, and all their pairs are
    used; the paper averages over subsets of 1,000 images, which has the same expectation. The features are the neutral
    network's, not Inception's.
    """
    kernels, _, _ = _kernels(neutral, source_neutral, most, seed)
    return -float(unbiased_mmd(kernels, np.ones((1, len(kernels[0]))), np.ones((1, len(kernels[1]))))[0])


@kid.bootstrap
def resampled(draws: Draws, neutral: Array, source_neutral: Array, *, most: int = 2000, seed: int = 0) -> Array:
    """To first order in how often an image is drawn; pairs of images count once. The sub-sample is held fixed."""
    kernels, rows, source_rows = _kernels(neutral, source_neutral, most, seed)
    return resampled_mmd(kernels, draws, rows, source_rows)


def _kernels(neutral: Array, source_neutral: Array, most: int, seed: int) -> tuple[tuple[Array, Array, Array], Array, Array]:
    rows, source_rows = sample(neutral, most, seed), sample(source_neutral, most, seed)
    target, source = neutral[rows], source_neutral[source_rows]
    dims = neutral.shape[1]
    kernels = tuple((one @ other.T / dims + 1) ** 3 for one, other in ((target, target), (source, source), (target, source)))
    return (kernels[0], kernels[1], kernels[2]), rows, source_rows
