"""Singular values of a set of images, and to first order how they change with how often each image is drawn."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from benchmark.specs.needs import Array


@dataclass(frozen=True)
class Spectrum:
    """The singular value decomposition of (N, D) rows, without singular values below a 100,000th of the largest.

    Below that they are rounding errors, or depend on them.

    Attributes:
        values: squared singular values, (r,), largest first. vectors: left singular vectors, (N, r); signs are arbitrary.
    """

    values: Array
    vectors: Array

    @property
    def coordinates(self) -> Array:
        """The rows along the right singular vectors, (N, r)."""
        return np.asarray(self.vectors * np.sqrt(self.values))

    def effects(self, slopes: Array) -> Array:
        """Change of a score when an image is counted once more, (N,), from its derivatives by the logarithms of `values` (r,).

        If image i counts w_i times, a squared singular value is the sum over images of w_i (x_i'v)² to first order, and
        (x_i'v)² = value u_i². The centre of centred rows moves to second order only.
        """
        return np.asarray(self.vectors**2 @ slopes)


def spectrum(rows: Array) -> Spectrum:
    """Decompose rows (N, D) by the N × N or the D × D product, whichever is smaller; memory grows with N min(N, D)."""
    count, dims = rows.shape
    small = rows @ rows.T if count <= dims else rows.T @ rows
    values, vectors = scipy.linalg.eigh(small, overwrite_a=True, check_finite=False, driver="evd")
    keep = values > values[-1] * 1e-10
    values, vectors = values[keep][::-1], vectors[:, keep][:, ::-1]
    return Spectrum(values, vectors if count <= dims else rows @ vectors / np.sqrt(values))
