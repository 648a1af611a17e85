"""H-score: how much of the features' variance, each direction scaled to one, lies between the classes."""

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
    """tr(cov(F)⁺ cov(E[F|y])), in [0, min(C-1, D)].

    features: (N, D); labels: (N,). Features that say nothing score (C-1) D/(N-1) on average: trust it where N is many times D.
    Undefined for N <= D + 1, where every source scores C-1 (saturated); `hscore_shrunk` is made for that.

    PARC's code (dbolya/parc) standardises the features first, which changes which directions count as empty and nothing else.
    Google's stable_transfer multiplies the two matrices element by element, which is another number.
    """
    moved, whiten = _whitening(features, labels)
    means = class_means(moved, labels) @ whiten
    return float(np.bincount(labels) @ (means**2).sum(axis=1) / len(labels))


@hscore.bootstrap
def resampled(draws: Draws, features: Array, labels: Array) -> Array:
    """To first order, from the score without one image, which is known in closed form. Wide where N is only a few times D."""
    moved, whiten = _whitening(features, labels)
    white, means = moved @ whiten, class_means(moved, labels) @ whiten
    numbers = np.bincount(labels)
    fitted = white @ (means * (numbers / len(labels))[:, None]).T + numbers / len(labels)
    leverage = ((white**2).sum(axis=1) + 1) / len(labels)
    value = float(numbers @ (means**2).sum(axis=1) / len(labels))
    return first_order(draws, value, hscore_effects(fitted, leverage, labels))


def _whitening(features: Array, labels: Array) -> tuple[Array, Array]:
    """Features less their mean (N, D), and what they are to be multiplied with for unit covariance (D, r)."""
    count, dims = features.shape
    if count <= dims + 1:
        raise Undefined(f"saturated: with {count} images and {dims} features every source scores {labels.max()}")
    moved = centred(features)
    values, vectors = scipy.linalg.eigh(moved.T @ moved / count, driver="evd")
    keep = values > values[-1] * dims * np.finfo(float).eps
    return moved, vectors[:, keep] / np.sqrt(values[keep])
