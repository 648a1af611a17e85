"""PARC: whether images of one class have more similar features than others."""

from dataclasses import dataclass

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.low_rank import principal_components
from benchmark.measures.resampling import multiplicities

RESAMPLED = 2_000  # images, at most, for the spread alone


@measure(
    grows="N D min(N, D) + min(N, most)² log N",
    citation="Bolya, Mittapalli & Hoffman, Scalable diverse model selection for accessible transfer learning, NeurIPS 2021",
)
def parc(features: Array, labels: Array, *, dims: int = 32, most: int = 5_000, seed: int = 0) -> float:
    """Spearman correlation, over pairs of images, of feature distance with whether the labels differ; in [-1, 1].

    features: (N, D), reduced to the first `dims` principal components (0: unreduced), each scaled to unit variance; labels:
    (N,). The distance is 1 - the correlation of the components. One-hot labels have two distances: one for images of the same
    class, one for all others. For more than `most` images a sample of that many is used, drawn with `seed`, classes in
    proportion. The correlation depends on the signs of the components: the largest loading is positive, as in scikit-learn.

    The authors' code (dbolya/parc) returns 100 times this from randomised components, and takes the distances of labels as
    numpy computes them, whose rounding errors rank equal distances differently. Undefined for one component, which has no
    correlation.
    """
    pairs = _pairs(features, labels, dims, most, seed)
    correlation = _spearman(np.ones(len(pairs.order)), pairs)
    if np.isnan(correlation):
        raise Undefined("all pairs of images are equally far apart, or no two images are of one class")
    return correlation


@parc.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, dims: int = 32, most: int = 5_000, seed: int = 0) -> Array:
    """Exact ranks of the pairs in each resample, without pairs of an image with itself; components are held fixed.

    From 2,000 images on, or `most`, a sample is resampled, and its spread is rescaled to that of all images.
    """
    pairs = _pairs(features, labels, dims, min(most, RESAMPLED), seed)
    one, other = (side[pairs.order] for side in np.triu_indices(len(pairs.sample), 1))
    weights = multiplicities(draws.target, len(labels))[:, pairs.sample]
    correlations = np.array([_spearman(own[one] * own[other], pairs) for own in weights])
    middle = np.nanmean(correlations) if np.isfinite(correlations).any() else np.nan
    return np.asarray(middle + (correlations - middle) * np.sqrt(len(pairs.sample) / len(labels)))


@dataclass(frozen=True)
class _Pairs:
    """Pairs of images, the nearest first.

    Attributes:
        sample: row numbers of the sampled images, (n,).
        order: numbers of the pairs among those above the diagonal, (P,). same: whether both are of one class, (P,).
        tied: places of pairs at the same distance as another, (T,). first, last: begin and end of each run of such pairs, (G,).
    """

    sample: Array
    order: Array
    same: Array
    tied: Array
    first: Array
    last: Array


def _pairs(features: Array, labels: Array, dims: int, most: int, seed: int) -> _Pairs:
    components = principal_components(features, dims) if dims else features
    spread = components.std(axis=0)
    varies = spread > 1e-12 * spread.max()
    components = (components - components.mean(axis=0))[:, varies] / spread[varies]
    if components.shape[1] < 2:
        raise Undefined("one feature has no correlation between images")
    sample = _sample(labels, most, seed)
    rows = components[sample] - components[sample].mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    if (length < 1e-12).any():
        raise Undefined(f"{(length < 1e-12).sum()} images have components that are all equal: no correlation with others")
    rows /= length
    same = np.concatenate([labels[sample][i + 1 :] == label for i, label in enumerate(labels[sample])])
    # distance and number of a pair in one integer: sorting these is fast, and what is equal but for rounding is equal
    bits = len(same).bit_length()
    near = 1 - np.concatenate([across[i + 1 :] for i, across in enumerate(rows @ rows.T)])
    keys = (np.round(near * 2.0 ** min(61 - bits, 40)).astype(np.int64).clip(0) << bits) + np.arange(len(same))
    keys.sort()
    order = keys & (2**bits - 1)
    keys >>= bits
    equal = np.concatenate([[False], keys[1:] == keys[:-1], [False]])  # to the pair before
    first, last = np.flatnonzero(equal[1:] & ~equal[:-1]), np.flatnonzero(equal[:-1] & ~equal[1:])
    return _Pairs(sample, order, same[order], np.flatnonzero(equal[:-1] | equal[1:]), first, last)


def _sample(labels: Array, most: int, seed: int) -> Array:
    if len(labels) <= most:
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    # every class spread evenly over [0, 1): the first `most` images then hold each class by its share
    places = rng.permutation(len(labels))
    turn = np.empty(len(labels))
    for c in range(labels.max() + 1):
        own = places[labels[places] == c]
        turn[own] = (np.arange(len(own)) + 0.5) / len(own)
    return np.sort(np.argsort(turn, kind="stable")[:most])


def _spearman(number: Array, pairs: _Pairs) -> float:
    """Correlation of the ranks of distance with other class = 1; each pair counts `number` times, ties share their rank."""
    in_class = number * pairs.same
    total, alike = number.sum(), in_class.sum()
    rank = np.cumsum(number)
    if len(pairs.tied):
        middle = (rank[pairs.first] - number[pairs.first] + rank[pairs.last]) / 2
    rank -= number / 2
    if len(pairs.tied):
        rank[pairs.tied] = np.repeat(middle, pairs.last - pairs.first + 1)
    rank -= total / 2  # of each distance, less the mean rank
    across = -(in_class @ rank)
    within = (number @ np.square(rank, out=rank)) * alike * (total - alike) / max(total, 1)
    return float(across / np.sqrt(within)) if within > 0 else float("nan")
