"""H-score: how much of the features' variance, each direction scaled to one, lies between the classes."""

import numpy as np
import scipy.linalg

from benchmark.specs.measure import Array, Draws, Undefined, measure
from similarity._thin import added, centred, class_means, indicators


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
    return added(draws, value, effects(fitted, leverage, labels))


def effects(fitted: Array, leverage: Array, labels: Array) -> Array:
    """How much the H-score falls without an image, less a constant for its class that no stratified draw sees: (N,).

    H = C-1 - Σ_c J_c/n_c with J_c the residual sum (with ridge, the objective) of the least squares fit of class c against all
    others, intercept free. Without image i, J_c falls by e_ic²/(1 - h_i).

    fitted: (N, C); leverage: h, (N,), the intercept's 1/N included.
    """
    y, numbers = indicators(labels), np.bincount(labels)
    squares = (y - fitted) ** 2 / np.maximum(1 - leverage, 1e-9)[:, None]
    found = -(squares / np.maximum(numbers - y, 1)).sum(axis=1)
    centre = np.bincount(labels, found) / numbers
    return np.asarray(found - centre[labels])


def _whitening(features: Array, labels: Array) -> tuple[Array, Array]:
    """Features less their mean (N, D), and what they are to be multiplied with for unit covariance (D, r)."""
    count, dims = features.shape
    if count <= dims + 1:
        raise Undefined(f"saturated: with {count} images and {dims} features every source scores {labels.max()}")
    moved = centred(features)
    values, vectors = scipy.linalg.eigh(moved.T @ moved / count, driver="evd")
    keep = values > values[-1] * dims * np.finfo(float).eps
    return moved, vectors[:, keep] / np.sqrt(values[keep])
