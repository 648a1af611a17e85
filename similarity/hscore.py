"""H-score: the variance between the classes, with every direction of the features scaled to unit variance."""

import numpy as np
import scipy.linalg

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import class_means
from benchmark.measures.leave_one_out import hscore_effects
from benchmark.measures.low_rank import reduced
from benchmark.measures.resampling import first_order


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
    means = class_means(moved, labels) @ whiten
    return float(np.bincount(labels) @ (means**2).sum(axis=1) / len(labels))


@hscore.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, dims: int | None) -> Array:
    """To first order, from the closed form of the score without one image; principal components are held fixed."""
    moved, whiten = _whitening(features, labels, dims)
    white, means = moved @ whiten, class_means(moved, labels) @ whiten
    numbers = np.bincount(labels)
    fitted = white @ (means * (numbers / len(labels))[:, None]).T + numbers / len(labels)
    leverage = ((white**2).sum(axis=1) + 1) / len(labels)
    value = float(numbers @ (means**2).sum(axis=1) / len(labels))
    return first_order(draws, value, hscore_effects(fitted, leverage, labels))


def _whitening(features: Array, labels: Array, dims: int | None) -> tuple[Array, Array]:
    """Centred features (N, D) or components, and the matrix (D, r) that gives them unit covariance."""
    count, wide = features.shape
    moved = reduced(features, wide if dims is None else dims)
    if count <= moved.shape[1] + 1:
        raise Undefined(f"saturated: with {count} images and {wide} features every source scores {labels.max()}")
    values, vectors = scipy.linalg.eigh(moved.T @ moved / count, driver="evd")
    keep = values > values[-1] * len(values) * np.finfo(float).eps
    return moved, vectors[:, keep] / np.sqrt(values[keep])
