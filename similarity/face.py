"""FaCe: how near the features are to neural collapse, and whether every class overlaps equally with the others."""

import numpy as np
import scipy.special

from benchmark import Array, CatsError, Draws, Undefined, measure, nearest
from benchmark.measures.class_statistics import indicators, require_two_per_class
from benchmark.measures.directions import require_few_directions
from benchmark.measures.low_rank import centred, principal_components, rotated
from benchmark.measures.resampling import multiplicities
from benchmark.measures.subsets import from_subsets, subsets

PARTS = {"collapse", "fairness"}
FLOOR = 1e-4  # of a variance in units of the mean variance


@measure(
    grows="N D min(N, D) + N min(N, D) C",
    citation="Ding, Jiang, Sheng, Zheng & Liang, Unleashing the power of neural collapse for transferability estimation, "
    "arXiv 2310.05754, 2023",
)
def face(features: Array, labels: Array, *, part: str = "collapse", dims: int = 64, temperature: float = 0.05) -> float:
    """One part of FaCe: variance collapse -tr(S_W S_B⁺) / C, at most 0, or class fairness, an entropy in [0, log(C-1)].

    features: (N, D); labels: (N,). Every class counts alike: S_W is the mean of the covariances of the classes, S_B the
    covariance of their means about the mean of these, S_B⁺ its pseudo-inverse. fairness: the Bhattacharyya coefficients of a
    class with each other one, divided by `temperature`, become shares by a softmax; their entropy, averaged over classes, is
    high where no class is mistaken for one other alone; nothing with two classes. Coefficients are those of Gaussians with a
    variance for each of the first `dims` principal components.

    The score of the paper is the sum of both parts, scaled over the candidate sources, which is no property of one source;
    hence a part is a measure. The paper was not at hand: its abstract, reviews that quote the parts, and a public computation
    of the collapse were read. The temperature, the components and the form of the covariances in the fairness are readings.
    """
    return float(_scores(np.ones((1, len(labels))), features, labels, part, dims, temperature)[0])


@face.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, part: str, dims: int, temperature: float) -> Array:
    """Of a fairness resamples, with the principal components fixed; of a collapse halves of the images.

    Class means of a resample, or of a half, lie farther apart, by the randomness of two samples, which makes a collapse smaller
    and its spread with it; so the spread is that of its logarithm. With N < D a resample counts what pairs of images change
    twice. The spread of a fairness is about two thirds of that of fresh samples.

    A collapse raises Undefined where the images vary in many directions for their number: the interval was 1.18 times too wide.
    """
    if part == "fairness":
        return _scores(multiplicities(draws.target, len(labels)), features, labels, part, dims, temperature)
    require_few_directions(features=features)
    chosen = subsets(draws, labels, 0.5)
    weights = np.zeros((len(chosen) + 1, len(labels)))
    weights[-1] = 1
    for row, rows in zip(weights, chosen, strict=False):
        row[rows] = 1
    scores = _scores(weights, features, labels, part, dims, temperature)
    logs = np.log(np.where(scores < 0, -scores, np.nan))
    return np.asarray(scores[-1] * np.exp(from_subsets(chosen, len(labels), 0.0, logs[:-1])))


def _scores(weights: Array, features: Array, labels: Array, part: str, dims: int, temperature: float) -> Array:
    """Scores for weights (B, N) of the images → (B,)."""
    if part not in PARTS:
        raise CatsError(f"face: part is '{part}'; it must be {' or '.join(sorted(PARTS))}{nearest(part, PARTS)}")
    if temperature <= 0:
        raise CatsError(f"face: temperature is {temperature}; it must be above 0")
    if part == "collapse":
        return _collapse(weights, rotated(centred(features)), labels)
    if labels.max() < 2:
        raise Undefined("with two classes each class has one other, and nothing is fair or unfair")
    require_two_per_class(labels)
    coordinates = principal_components(features, dims)
    return _fairness(weights, coordinates / np.sqrt((coordinates**2).mean()), labels, temperature)


def _collapse(weights: Array, thin: Array, labels: Array) -> Array:
    y = indicators(labels)
    scores = np.empty(len(weights))
    for number, one in enumerate(weights):
        counts = one @ y
        means = (y * one[:, None]).T @ thin / np.maximum(counts, 1)[:, None]
        present = counts > 0
        sizes, axes = np.linalg.svd(centred(means[present]), full_matrices=False)[1:]
        keep = sizes > 1e-7 * sizes[0]
        if not keep[0] or present.sum() < 2 or sizes[0] ** 2 <= 1e-20 * (thin**2).sum() / len(thin):
            scores[number] = np.nan
            continue
        along = (thin - means[labels]) @ (axes[keep] / sizes[keep, None]).T
        within = one * (along**2).sum(axis=1) / np.maximum(counts, 1)[labels]
        scores[number] = -within.sum() / present.sum()
    if len(scores) == 1 and np.isnan(scores[0]):
        raise Undefined("the classes have the same mean")
    return scores


def _fairness(weights: Array, coordinates: Array, labels: Array, temperature: float) -> Array:
    y = indicators(labels)
    classes = y.shape[1]
    scores = np.full(len(weights), np.nan)
    for number, one in enumerate(weights):
        counts = one @ y
        if (counts == 0).any():
            continue  # a class is lost
        shares = (y * one[:, None]).T / counts[:, None]
        means = shares @ coordinates
        variances = np.maximum(shares @ coordinates**2 - means**2, FLOOR)
        overlaps = np.stack([_overlaps(means[c], variances[c], means, variances) for c in range(classes)])
        np.fill_diagonal(overlaps, -np.inf)
        parts = scipy.special.softmax(overlaps / temperature, axis=1)
        scores[number] = scipy.special.entr(parts).sum(axis=1).mean()
    return scores


def _overlaps(mean: Array, variance: Array, means: Array, variances: Array) -> Array:
    """Bhattacharyya coefficients of one Gaussian (d,) with others (C, d) → (C,)."""
    middle = (variance + variances) / 2
    apart = ((mean - means) ** 2 / middle).sum(axis=1) / 8
    return np.asarray(np.exp(-apart - (np.log(middle) - (np.log(variance) + np.log(variances)) / 2).sum(axis=1) / 2))
