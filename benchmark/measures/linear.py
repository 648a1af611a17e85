"""Linear algebra that several measures share: coordinates in which nothing is lost, and a softmax classifier fitted in them."""

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.special

from benchmark.specs.measure import Array


def principal(features: Array) -> Array:
    """Principal coordinates of (N, D) features: (N, rank), centred, largest variance first; all distances stay as they are.

    The smaller one of the D × D covariance and the N × N Gram matrix is decomposed.
    """
    centred = features - features.mean(axis=0)
    count, dims = centred.shape
    small = centred.T @ centred if dims < count else centred @ centred.T
    values, vectors = scipy.linalg.eigh(small, overwrite_a=True, check_finite=False, driver="evd")
    kept = values > values[-1] * max(count, dims) * np.finfo(float).eps
    values, vectors = values[kept][::-1], vectors[:, kept][:, ::-1]
    found: Array = centred @ vectors if dims < count else vectors * np.sqrt(values)
    return found


def compact(features: Array) -> Array:
    """Centred features in at most min(N, D) coordinates; all distances stay as they are."""
    return features - features.mean(axis=0) if features.shape[1] < len(features) else principal(features)


def softmax_ridge(
    inputs: Array, wanted: Array, ridge: float, start: Array | None = None, tolerance: float = 1e-3
) -> tuple[Array, float]:
    """The classifier that minimises Σ_i cross-entropy_i + ridge/2 |W|²: its ((d + 1, C) weights, last row the bias; minimum).

    inputs: (n, d), best in principal coordinates; wanted: (n, C), rows of a one-hot code times how often the image counts.
    scikit-learn's C is 1 / ridge with three classes or more, and 2 / ridge with two: there, one weight stands for both classes.
    The search goes over weights times the root of a bound on their curvature, coordinate by coordinate: in principal ones,
    and so measured, a third of the steps is enough.
    """
    counts = wanted.sum(axis=1)
    classes = wanted.shape[1]
    curved = np.einsum("nd,nd,n->d", inputs, inputs, counts) / (2 * classes) + ridge
    scale = 1 / np.sqrt(np.append(curved, counts.sum() / (2 * classes)))[:, None]

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(-1, classes) * scale
        logits = inputs @ weights[:-1] + weights[-1]
        logits -= logits.max(axis=1, keepdims=True)
        power = np.exp(logits)
        total = power.sum(axis=1, keepdims=True)
        value = counts @ np.log(total[:, 0]) - np.vdot(wanted, logits) + ridge / 2 * np.vdot(weights[:-1], weights[:-1])
        off = power * (counts[:, None] / total) - wanted
        slope = np.vstack([(off.T @ inputs).T + ridge * weights[:-1], off.sum(axis=0)]) * scale  # reads inputs row by row
        return float(value), slope.ravel()

    first = np.zeros((inputs.shape[1] + 1, classes)) if start is None else start / scale
    # The slope is that of scaled weights, so its square is about twice what is left to gain of the sum over images.
    found = scipy.optimize.minimize(
        loss,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 1000, "ftol": 0, "gtol": tolerance * np.sqrt(counts.sum() / first.size)},
    )
    return found.x.reshape(-1, classes) * scale, float(found.fun)


def posteriors(inputs: Array, weights: Array) -> Array:
    """log p(class | image), (n, C), of weights as softmax_ridge gives them."""
    logits = inputs @ weights[:-1] + weights[-1]
    found: Array = logits - scipy.special.logsumexp(logits, axis=1, keepdims=True)
    return found
