"""H-score: the variance between the classes, with every direction of the features scaled to unit variance."""

import numpy as np
import scipy.linalg

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import class_means
from benchmark.measures.leave_one_out import hscore_effects
from benchmark.measures.low_rank import centred
from benchmark.measures.resampling import first_order


@measure(
    grows="N D²",
    citation="Bao et al., An information-theoretic approach to transferability in task transfer learning, ICIP 2019",
)
def hscore(features: Array, labels: Array) -> float:
    """H-score tr(cov(F)⁺ cov(E[F|y])), in [0, min(C-1, D)].

    features F: (N, D); labels y: (N,). Features without information score (C-1) D/(N-1) on average, so N should be many times
    D. Undefined for N <= D + 1, where every source scores C-1; `hscore_shrunk` is made for that case.

    PARC's code (dbolya/parc) standardises the features first, which only changes which directions count as empty. Google's
    stable_transfer multiplies the two matrices element by element, which is a different quantity.
    """
    moved, whiten = _whitening(features, labels)
    means = class_means(moved, labels) @ whiten
    return float(np.bincount(labels) @ (means**2).sum(axis=1) / len(labels))


@hscore.bootstrap
def resampled(draws: Draws, features: Array, labels: Array) -> Array:
    """To first order, from the closed form of the score without one image. Too wide where N is only a few times D."""
    moved, whiten = _whitening(features, labels)
    white, means = moved @ whiten, class_means(moved, labels) @ whiten
    numbers = np.bincount(labels)
    fitted = white @ (means * (numbers / len(labels))[:, None]).T + numbers / len(labels)
    leverage = ((white**2).sum(axis=1) + 1) / len(labels)
    value = float(numbers @ (means**2).sum(axis=1) / len(labels))
    return first_order(draws, value, hscore_effects(fitted, leverage, labels))


def _whitening(features: Array, labels: Array) -> tuple[Array, Array]:
    """Centred features (N, D), and the matrix (D, r) that gives them unit covariance."""
    count, dims = features.shape
    if count <= dims + 1:
        raise Undefined(f"saturated: with {count} images and {dims} features every source scores {labels.max()}")
    moved = centred(features)
    values, vectors = scipy.linalg.eigh(moved.T @ moved / count, driver="evd")
    keep = values > values[-1] * dims * np.finfo(float).eps
    return moved, vectors[:, keep] / np.sqrt(values[keep])
