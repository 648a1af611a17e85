"""Maximum mean discrepancy with a Gaussian kernel: how far target and source images are apart as distributions."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.mmd import resampled_mmd, unbiased_mmd
from benchmark.measures.resampling import sample

NEAR = 0.05  # quantiles to each side of the median, between which the density of the distances is taken
STEP = 0.01  # part of the median, for a slope by it


@measure(
    grows="min(N, most)^2 E",
    citation="Gretton, Borgwardt, Rasch, Schoelkopf & Smola, A kernel two-sample test, JMLR 2012",
)
def mmd_rbf(neutral: Array, source_neutral: Array, *, sigma: float | None = None, most: int = 2000, seed: int = 0) -> float:
    """Negated unbiased MMD² (eq. 3): 2 E k(x, y) - E k(x, x') - E k(y, y') with k = exp(-|x - y|² / (2 sigma²)).

    neutral: (N, E); source_neutral: (M, E). The expectations are over pairs of different images, so two samples of one
    distribution score 0 on average, and a score may be above 0. sigma: by default the median distance between images of the
    target, so that all sources of a target are compared by one kernel; the paper's example takes the median over both samples,
    whose kernel is another one for each source, and under which an unlike source may score above a like one. At most `most`
    images of each side are sampled with `seed`; how many there are does not move the score, only its interval.
    """
    kernels, _, _ = _kernels(neutral, source_neutral, sigma, most, seed)
    return -float(unbiased_mmd(kernels, np.ones((1, len(kernels[0]))), np.ones((1, len(kernels[1]))))[0])


@mmd_rbf.bootstrap
def resampled(
    draws: Draws, neutral: Array, source_neutral: Array, *, sigma: float | None = None, most: int = 2000, seed: int = 0
) -> Array:
    """To first order in how often an image is drawn, also in the sigma that it changes; pairs of images count once.

    The sub-sample is held fixed.
    """
    kernels, rows, source_rows = _kernels(neutral, source_neutral, sigma, most, seed)
    through = through_sigma(kernels) if sigma is None else None
    return resampled_mmd(kernels, draws, rows, source_rows, through)


def _kernels(
    neutral: Array, source_neutral: Array, sigma: float | None, most: int, seed: int
) -> tuple[tuple[Array, Array, Array], Array, Array]:
    rows, source_rows = sample(neutral, most, seed), sample(source_neutral, most, seed)
    pooled = np.concatenate([neutral[rows], source_neutral[source_rows]])
    pooled = pooled - pooled.mean(axis=0)  # products of numbers far from 0 would cancel
    lengths = np.einsum("nd,nd->n", pooled, pooled)
    square = lengths[:, None] + lengths - 2 * pooled @ pooled.T
    np.maximum(square, 0, out=square)
    np.fill_diagonal(square, 0)
    count = len(rows)
    scale = float(np.median(square[:count, :count][np.triu_indices(count, 1)])) if sigma is None else sigma**2
    if scale <= 0:
        raise Undefined("more than half of the target's images are the same in the neutral space")
    kernel = np.exp(square / (-2 * scale))
    return (kernel[:count, :count], kernel[count:, count:], kernel[:count, count:]), rows, source_rows


def through_sigma(kernels: tuple[Array, Array, Array]) -> Array:
    """What an image of the target changes in the score by the median distance, when it is counted once more, (n,).

    k is exp(-1/2) at the median m. One more image moves m by (1/2 - F) 2 / (n f), F the share of its distances below m and f
    the density of all distances there; with squared distances in units of m, a kernel is k^(1/m).
    """
    count = len(kernels[0])
    squares = -2 * np.log(np.maximum(kernels[0], 1e-300))  # in units of the median
    low, high = np.quantile(squares[np.triu_indices(count, 1)], (0.5 - NEAR, 0.5 + NEAR))
    below = ((squares <= 1).sum(axis=1) - 1) / (count - 1)
    moves = (0.5 - below) * 2 / count * (high - low) / (2 * NEAR)
    ones = np.ones((1, count)), np.ones((1, len(kernels[1])))
    more, less = (
        unbiased_mmd((k[0], k[1], k[2]), *ones)[0]
        for k in ([part ** (1 / m) for part in kernels] for m in (1 + STEP, 1 - STEP))
    )
    return np.asarray(-(more - less) / (2 * STEP) * moves)
