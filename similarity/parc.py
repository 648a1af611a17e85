"""PARC: whether images of one class have more similar features than others."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.low_rank import principal_components
from benchmark.measures.resampling import first_order, sample, without_class_means


@measure(
    grows="N D min(N, D) + min(N, most)² log min(N, most)",
    citation="Bolya, Mittapalli & Hoffman, Scalable diverse model selection for accessible transfer learning, NeurIPS 2021",
)
def parc(features: Array, labels: Array, *, dims: int = 32, most: int = 2_000, seed: int = 0) -> float:
    """Spearman correlation, over pairs of images, of feature distance with whether the labels differ; in [-1, 1].

    features: (N, D), reduced to the first `dims` principal components (0: unreduced), each scaled to unit variance; labels:
    (N,). The distance is 1 - the correlation of the components. One-hot labels have two distances: one for images of the same
    class, one for all others. Of more than `most` images about most²/2 pairs are drawn with `seed`, every image in equally
    many; this adds a standard error of about 1.4/most, which the interval contains. The correlation depends on the signs of the
    components: the largest loading is positive, as in scikit-learn.

    The authors' code (dbolya/parc) returns 100 times this from randomised components, and takes the distances of labels as
    numpy computes them, whose rounding errors rank equal distances differently. Undefined for one component, which has no
    correlation.
    """
    return _score(_pairs(features, labels, dims, most, seed))[0]


@parc.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, dims: int = 32, most: int = 2_000, seed: int = 0) -> Array:
    """To first order in how often an image is drawn, with what it changes in the mean and the scale of each component.

    Without the latter the spread is up to 1.5 times that of fresh images. The directions of the components are held fixed.
    The score is slope × (P - 1/2), P the probability that a pair of two classes is farther apart than a pair of one class.
    Every pair moves P by its place among the pairs of the other kind. The part of it that belongs to neither image alone is in
    the effects of both, so the squares of the effects count it twice: the squares of the pairs are taken off once, which
    leaves an unbiased variance of P.
    """
    pairs = _pairs(features, labels, dims, most, seed)
    value, slope = _score(pairs)
    same, rank = pairs.same, _middles(np.ones(len(pairs.same)), pairs)
    alike, apart = int(same.sum()), int((~same).sum())
    place = rank - np.where(same, _middles(same, pairs), _middles(~same, pairs))  # pairs of the other kind that are nearer
    moves = np.where(same, 1 - place / apart, place / alike)
    moves = (moves - moves[same].mean()) / np.where(same, alike, apart)
    effects = np.asarray(sum(np.bincount(side[pairs.order], moves, len(labels)) for side in pairs.sides))
    effects += _through_scales(pairs, alike, apart)
    inside = without_class_means(effects, labels)
    twice, once = float(inside @ inside), float(moves @ moves)
    kept = np.sqrt(max(twice - once, twice / 2) / twice) if twice > 0 else 0.0
    # where the shares of the classes are drawn too, they move P, and the share of pairs of one class, of which slope is a root
    shares, alike_share = np.bincount(labels)[labels] / len(labels), alike / (alike + apart)
    moved = (1 / alike_share - 1 / (1 - alike_share)) * (shares - shares.mean()) / len(labels)
    return first_order(draws, value, slope * (effects - inside + kept * inside) + value * moved)


@dataclass(frozen=True)
class _Pairs:
    """Pairs of images.

    Attributes:
        sides: row numbers of the first and of the second image of each pair, (P,) each.
        order: numbers of the pairs, the nearest first, (P,). same: whether both are of one class, in this order, (P,).
        first, last: places in this order of the first and the last pair of each run of equal distances, (G,).
        distances: of the pairs in this order, (P,). components: standardised, (N, d). rows: centred components of length 1,
            (N, d). lengths: before that, (N, 1).
    """

    sides: tuple[Array, Array]
    order: Array
    same: Array
    first: Array
    last: Array
    distances: Array
    components: Array
    rows: Array
    lengths: Array


def _through_scales(pairs: _Pairs, alike: int, apart: int) -> Array:
    """What an image changes in P by moving the mean and the variance of every component when it counts once more, (N,).

    A longer distance of two images moves P by the density of the pairs of the other kind at that distance.
    """
    count, wide = len(pairs.rows), max(1, len(pairs.order) // 100)
    sums = np.concatenate([[0], np.cumsum(pairs.same)])
    low, high = np.arange(len(pairs.order)) - wide, np.arange(len(pairs.order)) + wide
    low, high = low.clip(0), high.clip(None, len(pairs.order) - 1)
    near = sums[high + 1] - sums[low]  # pairs of one class at about this distance
    around = pairs.distances[high] - pairs.distances[low]
    density = np.divide(
        np.where(pairs.same, near - (high + 1 - low), near), around, out=np.zeros(len(around)), where=around > 1e-9
    )
    moves = density / (alike * apart)
    sides = [side[pairs.order] for side in pairs.sides]
    pull = csr_array((moves, (sides[0], sides[1])), shape=(count, count))
    turned = csr_array((moves * (1 - pairs.distances), (sides[0], sides[1])), shape=(count, count))
    away = pull @ pairs.rows + pull.T @ pairs.rows
    own = turned.sum(axis=1) + turned.sum(axis=0)
    by_image = -(away - pairs.rows * own[:, None]) / pairs.lengths  # derivative of P by each component of each image
    by_scale, by_mean = (by_image * pairs.components).sum(axis=0), by_image.sum(axis=0)
    return np.asarray(-((pairs.components**2 - 1) / 2 @ by_scale + pairs.components @ by_mean) / count)


def _pairs(features: Array, labels: Array, dims: int, most: int, seed: int) -> _Pairs:
    components = principal_components(features, dims) if dims else features
    spread = components.std(axis=0)
    varies = spread > 1e-12 * spread.max()
    components = (components - components.mean(axis=0))[:, varies] / spread[varies]
    if components.shape[1] < 2:
        raise Undefined("one feature has no correlation between images")
    rows = components - components.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    if (length < 1e-12).any():
        count = int((length < 1e-12).sum())
        have = "1 image has" if count == 1 else f"{count} images have"
        raise Undefined(f"{have} components that are all equal: no correlation with others")
    rows /= length
    near, sides = _all(rows) if len(rows) <= most else _drawn(rows, sample(features, len(rows), seed), most, seed)
    # distance and number of a pair in one integer: sorting these is fast, and what is equal but for rounding is equal
    bits = len(near).bit_length()
    keys = (np.round((1 - near) * 2.0 ** min(61 - bits, 40)).astype(np.int64).clip(0) << bits) + np.arange(len(near))
    keys.sort()
    order = keys & (2**bits - 1)
    keys >>= bits
    equal = np.concatenate([[False], keys[1:] == keys[:-1], [False]])  # to the pair before
    first, last = np.flatnonzero(equal[1:] & ~equal[:-1]), np.flatnonzero(equal[:-1] & ~equal[1:])
    same = (labels[sides[0]] == labels[sides[1]])[order]
    return _Pairs(sides, order, same, first, last, (1 - near)[order], components, rows, length)


def _all(rows: Array) -> tuple[Array, tuple[Array, Array]]:
    """Products of every pair of rows, and the two row numbers of each pair."""
    count = len(rows)
    near = np.concatenate([across[i + 1 :] for i, across in enumerate(rows @ rows.T)])
    other = np.concatenate([np.arange(i + 1, count) for i in range(count)])
    return near, (np.repeat(np.arange(count), np.arange(count - 1, -1, -1)), other)


def _drawn(rows: Array, order: Array, most: int, seed: int) -> tuple[Array, tuple[Array, Array]]:
    """The same for about most²/2 pairs, every row in equally many: pairs of rows that are so many places of `order` apart."""
    count, rows = len(rows), rows[order]
    number = min((count - 1) // 2, max(1, -(-most * (most - 1) // (2 * count))))
    shifts = np.random.default_rng(seed).choice(np.arange(1, (count - 1) // 2 + 1), number, replace=False)
    near = [np.einsum("nd,nd->n", one, other) for s in shifts for one, other in ((rows[:-s], rows[s:]), (rows[-s:], rows[:s]))]
    return np.concatenate(near), (np.tile(order, number), np.concatenate([np.roll(order, -s) for s in shifts]))


def _middles(counted: Array, pairs: _Pairs) -> Array:
    """Ranks by distance among the pairs that are `counted` (P,), from 1 on, valid for these; equal distances share theirs."""
    ranks = np.cumsum(counted, dtype=np.float64)
    if len(pairs.first):
        middle = (ranks[pairs.first] - counted[pairs.first] + 1 + ranks[pairs.last]) / 2
        lengths = pairs.last - pairs.first + 1
        places = np.repeat(pairs.first - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        ranks[places] = np.repeat(middle, lengths)
    return ranks


def _score(pairs: _Pairs) -> tuple[float, float]:
    """The correlation, and by how much it grows with the probability that a pair of two classes is farther apart."""
    rank = _middles(np.ones(len(pairs.same)), pairs)
    rank -= (len(rank) + 1) / 2
    alike = int(pairs.same.sum())
    within = float(rank @ rank) * alike * (len(rank) - alike) / len(rank)
    if not within > 0:
        raise Undefined("all pairs of images are equally far apart, or no two images are of one class")
    return -float(rank[pairs.same].sum() / np.sqrt(within)), alike * (len(rank) - alike) / float(np.sqrt(within))
