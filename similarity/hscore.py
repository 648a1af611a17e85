"""H-score: the variance between the classes, with every direction of the features scaled to unit variance."""

from collections.abc import Callable

import numpy as np
import scipy.linalg
import scipy.linalg.lapack

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import class_means
from benchmark.measures.gram import lower_gram
from benchmark.measures.halves import pairs_once
from benchmark.measures.leave_one_out import hscore_effects
from benchmark.measures.low_rank import reduced

EPS = float(np.finfo(float).eps)
FAR = 10  # times the share of the largest variance that is left out: LAPACK's estimate of the smallest may be 3 times too high


@measure(
    grows="N D²",
    citation="Bao et al., An information-theoretic approach to transferability in task transfer learning, ICIP 2019",
)
def hscore(features: Array, labels: Array, *, dims: int | None = None) -> float:
    """H-score tr(cov(F)⁺ cov(E[F|y])), in [0, min(C-1, D)].

    features F: (N, D); labels y: (N,). dims: the number of first principal components that take the place of the features, at
    most N/3; dims=0: all features, as published. Features without information score (C-1) D/(N-1) on average, and every
    source scores C-1 for N <= D + 1, where dims=0 is undefined. So N/3 components are the default where N < 3 D, and the
    published score elsewhere; `hscore_shrunk` shrinks the covariance instead.

    PARC's code (dbolya/parc) standardises the features first, which only changes which directions count as empty. Google's
    stable_transfer multiplies the two matrices element by element, which is a different quantity.
    """
    moved, whiten = _whitening(features, labels, dims)
    means = whiten(class_means(moved, labels))
    return float(np.bincount(labels) @ (means**2).sum(axis=1) / len(labels))


@hscore.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, dims: int | None) -> Array:
    """To first order, from the closed form of the score without one image; pairs of images count once.

    Principal components are held fixed.
    """
    found = _effects(features, labels, dims)
    return pairs_once(draws, *found, lambda half: _effects(features[half], labels[half], dims)[1], labels=labels)


def _effects(features: Array, labels: Array, dims: int | None) -> tuple[float, Array]:
    """The score, and by how much it falls when image i is left out, (N,)."""
    moved, whiten = _whitening(features, labels, dims)
    white, means = whiten(moved), whiten(class_means(moved, labels))
    numbers = np.bincount(labels)
    fitted = white @ (means * (numbers / len(labels))[:, None]).T + numbers / len(labels)
    leverage = ((white**2).sum(axis=1) + 1) / len(labels)
    value = float(numbers @ (means**2).sum(axis=1) / len(labels))
    return value, hscore_effects(fitted, leverage, labels)


def _whitening(features: Array, labels: Array, dims: int | None) -> tuple[Array, Callable[[Array], Array]]:
    """Centred features (N, D) or components, and what gives them unit covariance: rows (n, D) → (n, r), r their rank.

    If the covariance is far from singular, then by its Cholesky factor; else by its eigenvectors, of which those without
    variance are left out. Both are the same but for a rotation.
    """
    count, wide = features.shape
    moved = reduced(features, wide if dims is None else dims)
    if count <= moved.shape[1] + 1:
        raise Undefined(f"saturated: with {count} images and {wide} features every source scores {labels.max()}")
    covariance = lower_gram(moved.shape, lambda rows: moved[rows])
    covariance /= count
    factor, failed = scipy.linalg.lapack.dpotrf(covariance, lower=1)
    # the trace is at least the largest eigenvalue, the norm of the inverse at least 1 / the smallest
    if not failed and scipy.linalg.lapack.dpocon(factor, np.trace(covariance), uplo="L")[0] > FAR * len(factor) * EPS:
        return moved, lambda rows: np.asarray(scipy.linalg.solve_triangular(factor, rows.T, lower=True).T)
    values, vectors = scipy.linalg.eigh(covariance, lower=True, driver="evd", check_finite=False)
    keep = values > values[-1] * len(values) * EPS
    matrix = vectors[:, keep] / np.sqrt(values[keep])
    return moved, lambda rows: np.asarray(rows @ matrix)
