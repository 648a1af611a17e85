"""ETran: how certain linear discriminants are about the target images, or how strongly the features respond to them."""

import warnings

import numpy as np
import scipy.linalg
import scipy.special

from benchmark import Array, CatsError, Draws, Undefined, measure
from benchmark.measures.low_rank import compact
from benchmark.measures.resampling import multiplicities
from benchmark.measures.tail_energy import tail_mean

PARTS = ("lda", "means", "energy")


@measure(
    grows="N min(N, D)²",
    citation="Gholami, Akbari, Wang, Kamranian & Zhang, ETran: energy-based transferability estimation, ICCV 2023",
)
def etran(features: Array, labels: Array, *, part: str = "lda", share: float = 1.0, tail: str = "low") -> float:
    """One part of ETran: the mean posterior of the right class under linear discriminant analysis (lda, means), or an energy.

    features: (N, D); labels: (N,). The paper's score is 0.85 part=lda + 0.15 part=energy, each scaled to [0, 1] over all
    candidate sources. A score that depends on the other candidates is no property of one source, and unscaled the two parts
    have no common unit; so each part is a separate measure, and the part with most of the weight is the default.

    lda: mean of p(y_i|x_i), in [0, 1], with log p(c|x) = x'S⁻¹m_c - m_c'S⁻¹m_c/2 + log p(c) + const, where the class means m
    and the covariance S within classes come from the same images. S is shrunk as by Ledoit and Wolf: with N < D and a small
    fixed amount every posterior is 1. It still rises with D/N.
    means: the same with S = 1. The authors' code computes this, because it treats the eigenvectors of a matrix that is not
    symmetric as orthonormal.
    energy: mean of log Σ_d exp(x_d) over the images that `share` and `tail` select, as in `energy`.
    """
    return float(_scores(np.ones((1, len(labels))), features, labels, part, share, tail)[0])


@etran.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, part: str, share: float, tail: str) -> Array:
    """The score depends only on how often each image is drawn. Coordinates and shrinkage are those of all images."""
    if part == "energy":
        return tail_mean(scipy.special.logsumexp(features, axis=1)[draws.target], share, tail)
    return _scores(multiplicities(draws.target, len(labels)), features, labels, part, share, tail)


def _scores(weights: Array, features: Array, labels: Array, part: str, share: float, tail: str) -> Array:
    """Scores for weights (B, N) of the images → (B,). Shrinkage is fixed: duplicates would look like structure."""
    if part == "energy":
        return tail_mean(scipy.special.logsumexp(features, axis=1)[None], share, tail)
    if part not in PARTS:
        raise CatsError(f"etran has no part '{part}'; it has {', '.join(PARTS)}")
    coordinates, belongs = compact(features), np.eye(labels.max() + 1)[labels]
    shrinkage = None if part == "means" else _shrinkage(coordinates, belongs, features.shape[1])
    scores = np.empty(len(weights))
    for number, one in enumerate(weights):
        held = one > 0
        if (one @ belongs == 0).any():
            scores[number] = np.nan  # a class is lost
            continue
        scores[number] = _certainty(one[held], coordinates[held], belongs[held], shrinkage, features.shape[1])
    return scores


def _shrinkage(inputs: Array, belongs: Array, dims: int) -> float:
    """Ledoit and Wolf's a = (Σ|x|⁴/N - |W|²) / N / (|W|² - tr(W)²/D), x: inputs minus the mean of their class, W = Σ xx'/N."""
    count = len(inputs)
    residuals = inputs - belongs @ (belongs.T @ inputs / belongs.sum(axis=0)[:, None])
    within = residuals.T @ residuals / count
    squared = np.vdot(within, within)
    apart = squared - np.trace(within) ** 2 / dims
    if np.trace(within) <= 1e-12 * np.vdot(inputs, inputs) / count:
        raise Undefined("no class varies within")
    spread = (np.einsum("nr,nr->n", residuals, residuals) ** 2).mean() - squared
    return float(np.clip(spread / count / apart, 0, 1)) if apart > 1e-12 * squared else 1.0


def _certainty(weights: Array, inputs: Array, belongs: Array, shrinkage: float | None, dims: int) -> float:
    """Weighted mean of p(y|x) for weights (n,), inputs (n, r) and indicators belongs (n, C). shrinkage=None: S = 1."""
    total, counts = weights.sum(), weights @ belongs
    means = (belongs * weights[:, None]).T @ inputs / counts[:, None]
    solved = means  # S⁻¹m, (C, r)
    if shrinkage is not None:
        residuals = (inputs - belongs @ means) * np.sqrt(weights / total)[:, None]
        within = residuals.T @ residuals
        ridge = shrinkage * np.trace(within) / dims
        within *= 1 - shrinkage
        within.flat[:: len(within) + 1] += ridge
        try:
            if within.trace() <= 0:
                raise np.linalg.LinAlgError
            with warnings.catch_warnings():
                warnings.simplefilter("error", scipy.linalg.LinAlgWarning)
                solved = scipy.linalg.solve(within, means.T, assume_a="pos", overwrite_a=True, check_finite=False).T
        except (np.linalg.LinAlgError, scipy.linalg.LinAlgWarning) as error:
            raise Undefined("the covariance within classes is singular") from error
    logits = inputs @ solved.T - np.einsum("cr,cr->c", means, solved) / 2 + np.log(counts / total)
    return float(weights @ scipy.special.softmax(logits, axis=1)[belongs > 0] / total)
