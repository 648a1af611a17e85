"""Sums of products of features, from blocks of images, so that no other array as large as the features is made."""

from collections.abc import Callable, Iterator

import numpy as np
import scipy.linalg.blas

from benchmark.specs.needs import Array

BLOCK = 512  # images: so many features of 2,048 numbers stay in the cache


def blocks(count: int) -> Iterator[slice]:
    """Slices of at most 512 of `count` images, in order."""
    return (slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def lower_gram(shape: tuple[int, ...], block: Callable[[slice], Array]) -> Array:
    """The lower triangle of X'X, (D, D) in Fortran order, zeros above it.

    shape: of X, (N, D). block: a slice of images → their rows of X, (n, D).
    """
    count, dims = shape
    total = np.zeros((dims, dims), order="F")
    for rows in blocks(count):
        total = scipy.linalg.blas.dsyrk(1.0, block(rows).T, beta=1.0, c=total, lower=1, overwrite_c=1)
    return total
