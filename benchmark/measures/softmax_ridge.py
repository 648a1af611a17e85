"""Multinomial logistic regression with a ridge penalty."""

import numpy as np
import scipy.optimize
import scipy.special

from benchmark.specs.needs import Array


def softmax_ridge(
    inputs: Array, wanted: Array, ridge: float, start: Array | None = None, tolerance: float = 1e-3
) -> tuple[Array, float]:
    """Minimise Σ_i cross-entropy_i + ridge/2 |W|² by L-BFGS; return weights (d + 1, C), last row the bias, and minimum.

    inputs: (n, d), best in principal coordinates. wanted: (n, C), one-hot rows times how often each image counts. start:
    initial weights, (d + 1, C); by default 0. The bias is not penalised.
    scikit-learn's C is 1 / ridge for three classes or more and 2 / ridge for two, where it uses one weight for both classes.
    Each weight is scaled by the root of a bound on its curvature; in principal coordinates this needs a third of the steps.
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
    # The slope belongs to scaled weights, so its square is about twice the possible decrease of the sum over images.
    result = scipy.optimize.minimize(
        loss,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 1000, "ftol": 0, "gtol": tolerance * np.sqrt(counts.sum() / first.size)},
    )
    return result.x.reshape(-1, classes) * scale, float(result.fun)


def posteriors(inputs: Array, weights: Array) -> Array:
    """log p(class | image), (n, C), for the weights that `softmax_ridge` returns."""
    logits = inputs @ weights[:-1] + weights[-1]
    log_posteriors: Array = logits - scipy.special.logsumexp(logits, axis=1, keepdims=True)
    return log_posteriors
