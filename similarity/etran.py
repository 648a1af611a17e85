"""ETran: how surely linear discriminants know the target's images, or how strongly its features react to them."""

import numpy as np
import scipy.linalg
import scipy.special

from benchmark.linear import compact
from benchmark.measure import Array, Draws, Undefined, measure
from results.error import CatsError
from similarity.energy import tails

PARTS = ("lda", "means", "energy")


@measure(
    grows="N min(N, D)²",
    citation="Gholami, Akbari, Wang, Kamranian & Zhang, ETran: energy-based transferability estimation, ICCV 2023",
)
def etran(features: Array, labels: Array, *, part: str = "lda", share: float = 1.0, tail: str = "low") -> float:
    """One part of ETran, which is 0.85 times part=lda + 0.15 times part=energy, each scaled to [0, 1] over the sources.

    That scaling belongs to ranking: a score that changes with the sources beside it is none of one source, and unscaled the
    two have no common unit. So each part is a measure, and the first one, with most of the weight, is the default.

    features: (N, D); labels: (N,). lda: mean p(y_i|x_i) in [0, 1] under log p(c|x) = x'S⁻¹m_c - m_c'S⁻¹m_c/2 + log p(c) + ...,
    means m and covariance S within classes of the same images. S is shrunk as Ledoit and Wolf do: with N < D and a fixed small
    amount, every p is 1; even so it rises with D/N. means: the same with S = 1, which is what the authors' code computes, as
    it takes eigenvectors of a matrix that is not symmetric for orthonormal ones. energy: mean log Σ_d exp(x_d) over `share`
    and `tail`, as in energy.
    """
    return float(_scores(np.ones((1, len(labels))), features, labels, part, share, tail)[0])


@etran.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, part: str, share: float, tail: str) -> Array:
    """How often each image is drawn is all that counts; the coordinates are computed once."""
    if part == "energy":
        return tails(scipy.special.logsumexp(features, axis=1)[draws.target], share, tail)
    weights = np.stack([np.bincount(rows, minlength=len(labels)) for rows in draws.target]).astype(np.float64)
    return _scores(weights, features, labels, part, share, tail)


def _scores(weights: Array, features: Array, labels: Array, part: str, share: float, tail: str) -> Array:
    """weights (B, N) → (B,)."""
    if part == "energy":
        return tails(scipy.special.logsumexp(features, axis=1)[None], share, tail)
    if part not in PARTS:
        raise CatsError(f"etran has no part '{part}'; it has {', '.join(PARTS)}")
    coordinates, belongs = compact(features), np.eye(labels.max() + 1)[labels]
    found = np.empty(len(weights))
    for number, one in enumerate(weights):
        held = one > 0
        found[number] = _certainty(one[held], coordinates[held], belongs[held], part, features.shape[1])
    return found


def _certainty(weights: Array, inputs: Array, belongs: Array, part: str, dims: int) -> float:
    """Mean p(y|x) of images that count as often as weights (n,) say; inputs (n, r), belongs (n, C)."""
    counts = weights @ belongs
    means = (belongs * weights[:, None]).T @ inputs / counts[:, None]
    solved = means if part == "means" else _within(weights, inputs - belongs @ means, means, dims)  # S⁻¹m, (C, r)
    logits = inputs @ solved.T - np.einsum("cr,cr->c", means, solved) / 2 + np.log(counts / counts.sum())
    return float(weights @ scipy.special.softmax(logits, axis=1)[belongs > 0] / weights.sum())


def _within(weights: Array, residuals: Array, means: Array, dims: int) -> Array:
    """S⁻¹ of means (C, r), with S = (1 - a) W + a tr(W)/D and Ledoit-Wolf's a = (Σ|x|⁴/n - |W|²) / n / (|W|² - tr(W)²/D)."""
    total = weights.sum()
    weighted = residuals * np.sqrt(weights / total)[:, None]
    within = weighted.T @ weighted
    trace, squared = np.trace(within), np.vdot(within, within)
    if trace <= 1e-12 * np.vdot(means, means):
        raise Undefined("no class varies within")
    fourth = weights @ np.einsum("nr,nr->n", residuals, residuals) ** 2 / total
    apart = squared - trace**2 / dims
    shrunk = min(1.0, max(0.0, (fourth - squared) / total / apart)) if apart > 1e-12 * squared else 1.0
    within *= 1 - shrunk
    within.flat[:: len(within) + 1] += shrunk * trace / dims
    try:
        found: Array = scipy.linalg.solve(within, means.T, assume_a="pos", overwrite_a=True, check_finite=False).T
    except (np.linalg.LinAlgError, scipy.linalg.LinAlgWarning) as error:
        raise Undefined("the covariance within classes is singular") from error
    return found
