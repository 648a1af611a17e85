"""Singular values of a set of images, and to first order how they change with how often each image is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.stats

from benchmark.measures.subsets import subset_scores, subsets
from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array
from benchmark.specs.score_interval import NORMAL

LEAST = 1e-10  # of the largest squared singular value: below it are rounding errors
SUBSETS = 20


@dataclass(frozen=True)
class Spectrum:
    """The singular value decomposition of (N, D) rows, without singular values below a 100,000th of the largest.

    Below that they are rounding errors, or depend on them.

    Attributes:
        values: squared singular values, (r,), largest first. vectors: left singular vectors, (N, r); signs are arbitrary.
    """

    values: Array
    vectors: Array

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
    keep = values > values[-1] * LEAST
    values, vectors = values[keep][::-1], vectors[:, keep][:, ::-1]
    return Spectrum(values, vectors if count <= dims else rows @ vectors / np.sqrt(values))


def spread_by_subsets(drawn: Array, rows: Array, value: float, score: Callable[[Array], float]) -> Array:
    """Scores of resamples, (B,), of a measure of the squared singular values (r,) alone, from subsets of three quarters.

    drawn: row numbers, (B, N), each of which seeds a subset. At most 20 subsets are scored, which then stand for the others;
    their spread is widened to what Student's t asks of so few.
    """
    chosen = subsets(Draws(drawn[:SUBSETS], drawn[:SUBSETS]), np.zeros(len(rows), dtype=np.int64), 0.75)
    products = rows @ rows.T if len(rows) <= rows.shape[1] else None

    def scored(taken: Array) -> float:
        small = rows[taken].T @ rows[taken] if products is None else products[np.ix_(taken, taken)]
        values = scipy.linalg.eigh(small, eigvals_only=True, overwrite_a=True, check_finite=False)[::-1]
        return score(values[values > values[0] * LEAST])

    scores = subset_scores(chosen, len(rows), value, scored)
    wider = scipy.stats.t.ppf(0.975, max(len(scores) - 1, 1)) / NORMAL
    return np.resize(scores.mean() + wider * (scores - scores.mean()), len(drawn))
