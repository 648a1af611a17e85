"""Eigenvalues of a symmetric matrix with eigenvectors as products, for where only a few numbers along them are needed."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.linalg.lapack

from benchmark.specs.needs import Array

PANEL = 64  # columns that LAPACK works on at once


@dataclass(frozen=True)
class Eigen:
    """A = Q T Q' with T tridiagonal, T = Z values Z', so that the eigenvectors are V = Q Z; the product takes half of the time.

    Attributes:
        values: eigenvalues that were kept, ascending, (r,). inner: Z, (n, r).
        reflectors, scales: of Q, as LAPACK's sytrd leaves them, (n, n) and (n-1,).
    """

    values: Array
    inner: Array
    reflectors: Array
    scales: Array

    def along(self, columns: Array) -> Array:
        """V'x of columns x (n, k) → (r, k)."""
        return np.asarray(self.inner.T @ self._turned(columns, "T"))

    def vectors(self) -> Array:
        """V, (n, r); orthonormal columns."""
        return self._turned(self.inner, "N")

    def _turned(self, columns: Array, way: str) -> Array:
        turned = np.array(columns, dtype=np.float64, order="F")
        if len(turned) > 1:
            lwork = PANEL * max(turned.shape[1], 1)
            turned[1:] = scipy.linalg.lapack.dormqr("L", way, self.reflectors[1:, :-1], self.scales, turned[1:], lwork)[0]
        return turned


def eigen(matrix: Array, rounding: float) -> Eigen:
    """Decompose a symmetric matrix (n, n), which is overwritten; eigenvalues up to `rounding` of the largest are left out."""
    reflectors, diagonal, beside, scales, _ = scipy.linalg.lapack.dsytrd(
        np.asfortranarray(matrix.T), lower=1, lwork=PANEL * len(matrix), overwrite_a=1
    )
    values, inner = diagonal, np.ones((1, 1))
    if len(matrix) > 1:
        values, inner = scipy.linalg.eigh_tridiagonal(diagonal, beside, check_finite=False)
    keep = values > values[-1] * rounding
    return Eigen(values[keep], inner[:, keep], reflectors, scales)
