"""Centred kernel alignment: how similar the source's features and the neutral features of the target images are."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.resampling import multiplicities

BLOCK = 1000  # rows of the kernels at a time


@measure(
    grows="N min(N, D + E) (D + E)",
    citation="Kornblith, Norouzi, Lee & Hinton, Similarity of neural network representations revisited, ICML 2019",
)
def cka(features: Array, neutral: Array, *, debiased: bool = True) -> float:
    """Centred kernel alignment HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) of features with neutral ones; at most about 1.

    features: (N, D); neutral: (N, E). K and L are the Gram matrices of both. By default HSIC is the unbiased estimate over
    pairwise different images (Song et al. 2012): unrelated features score 0 on average, so a score may be below 0.
    debiased=False is the estimate of the paper, in [0, 1]; it tends to 1 as D and E exceed N, whatever the features. Computed
    in the space of images or of features, whichever is smaller.
    """
    sums = _by_features if len(features) > max(features.shape[1], neutral.shape[1]) else _by_images
    count = len(features)
    _enough(count, debiased)
    scores = _ratio(sums(np.ones((1, count)), features, neutral, debiased), np.ones((1, count)), debiased)
    if not np.isfinite(scores[0]):
        raise Undefined("the unbiased estimate of a network's likeness to itself is not above 0: too few images")
    return float(scores[0])


@cka.bootstrap
def resampled(draws: Draws, features: Array, neutral: Array, *, debiased: bool = True) -> Array:
    """Weighted sums over the images; with debiased=True a duplicate forms no pair, triple or quadruple with itself."""
    weights = multiplicities(draws.target, len(features))
    return _ratio(_by_images(weights, features, neutral, debiased), weights, debiased)


def _enough(count: int, debiased: bool) -> None:
    if debiased and count < 4:
        raise Undefined(f"the unbiased estimate takes 4 images, there are {count}")


def _centred(features: Array, neutral: Array) -> tuple[Array, Array]:
    """Features minus their mean, scaled to mean length 1. Neither changes the score; both keep products from cancelling."""
    features, neutral = features - features.mean(axis=0), neutral - neutral.mean(axis=0)
    return features / np.sqrt((features**2).mean()), neutral / np.sqrt((neutral**2).mean())


def _by_images(weights: Array, features: Array, neutral: Array, debiased: bool) -> Array:
    """The sums that `_hsic` takes, for K·L, K·K and L·L, (3, 6, B), from N × N kernels, one block of rows at a time."""
    features, neutral = _centred(features, neutral)
    count, number = len(features), len(weights)
    powers = np.concatenate([weights, weights**2]).T  # (N, 2 B)
    lines = np.empty((2, count, number))  # K w and L w
    twice = np.zeros((3, 3, number))  # sum_ij w_i^a w_j^b K_ij L_ij for (a, b) = (1, 1), (1, 2), (2, 2)
    for start in range(0, count, BLOCK):
        block = np.arange(start, min(start + BLOCK, count))
        kernels = [features[block] @ features.T, neutral[block] @ neutral.T]
        for kernel in kernels if debiased else []:
            kernel[np.arange(len(block)), block] = 0
        lines[:, block] = [kernel @ weights.T for kernel in kernels]
        for k, (one, other) in enumerate(((0, 1), (0, 0), (1, 1))):
            product = kernels[one] * kernels[other] @ powers
            first, second = product[:, :number], product[:, number:]
            own = weights[:, block].T
            twice[k] += [(own * first).sum(axis=0), (own * second).sum(axis=0), (own**2 * second).sum(axis=0)]
    return _sums(twice, lines, weights.T)


def _by_features(weights: Array, features: Array, neutral: Array, debiased: bool) -> Array:
    """The same sums for weights of 1, from X'Y, X'X and Y'Y, without an N × N kernel."""
    features, neutral = _centred(features, neutral)
    lengths = [np.einsum("nd,nd->n", rows, rows) * debiased for rows in (features, neutral)]
    sides = (features, neutral)
    lines = np.stack([rows @ rows.sum(axis=0) - own for rows, own in zip(sides, lengths, strict=True)])
    twice = [((sides[a].T @ sides[b]) ** 2).sum() - lengths[a] @ lengths[b] for a, b in ((0, 1), (0, 0), (1, 1))]
    return _sums(np.tile(np.array(twice)[:, None, None], (1, 3, 1)), lines[:, :, None], weights.T)


def _sums(twice: Array, lines: Array, weights: Array) -> Array:
    """Joins the (3, 3, B) double sums with w·Kw w·Lw, Σ w Kw Lw and Σ w² Kw Lw, computed from K w and L w, (2, N, B)."""
    totals = (lines * weights).sum(axis=1)
    sums = []
    for k, (one, other) in enumerate(((0, 1), (0, 0), (1, 1))):
        product = lines[one] * lines[other]
        thrice = [(weights * product).sum(axis=0), (weights**2 * product).sum(axis=0)]
        sums.append(np.stack([*twice[k], totals[one] * totals[other], *thrice]))
    return np.stack(sums)


def _ratio(sums: Array, weights: Array, debiased: bool) -> Array:
    between, own, there = (_hsic(part, weights, debiased) for part in sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((own > 0) & (there > 0), between / np.sqrt(np.abs(own * there)), np.nan)


def _hsic(sums: Array, weights: Array, debiased: bool) -> Array:
    """E K_ij L_ij - 2 E K_ij L_ik + E K_ij L_kl over weighted images, (B,); if debiased over different i, j, k, l."""
    pairs, mixed, squares, total, chains, heavy = sums
    s1, s2, s3, s4 = (np.sum(weights**power, axis=1) for power in (1, 2, 3, 4))
    if not debiased:
        return np.asarray(pairs / s1**2 - 2 * chains / s1**3 + total / s1**4)
    triples = chains - mixed
    quadruples = total - 4 * heavy + 2 * squares
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = pairs / (s1**2 - s2) - 2 * triples / (s1**3 - 3 * s1 * s2 + 2 * s3)
        return np.asarray(estimate + quadruples / (s1**4 - 6 * s1**2 * s2 + 8 * s1 * s3 + 3 * s2**2 - 6 * s4))
