"""Resamples to first order in which what belongs to a pair of images counts about once, as seen in halves of the images."""

from collections.abc import Callable

import numpy as np
import scipy.sparse.csgraph

from benchmark.measures.resampling import multiplicities
from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array, Undefined

LEAST = 1 / 3  # of the variance that is kept at least: that much would be left if all of it were of triples of images


def pairs_once(
    draws: Draws,
    value: float,
    effects: Array,
    of_half: Callable[[Array], Array],
    rows: Array | None = None,
    labels: Array | None = None,
) -> Array:
    """The scores of all resamples to first order, (B,), with the distances from `value` made smaller where pairs matter.

    effects: (n,), by how much the score falls when an image is left out. of_half: places (m,) in `effects` → the same for these
    images alone, (m,). rows: row numbers of the images that count, (n,); by default all. labels: their classes, (n,), where a
    score needs all of them.

    The variance of a score of n fresh images is a/n + b/n², b of pairs of images; a sum of squared effects has a/n + 2b/n²
    (Efron & Stein, 1981). So 1.5 times that of all images less a quarter of that of half as many is right, if a and b are the
    same for half as many. Where half of the images have no score, or a class has one image or none in a half, nothing is
    changed.
    """
    counted = multiplicities(draws.target, draws.target.shape[1])
    strata = strata_of(draws.target)
    if rows is not None:
        counted, strata = counted[:, rows], np.unique(strata[rows], return_inverse=True)[1]
    return np.asarray(value + (counted - 1) @ (np.sqrt(_kept(effects, strata, of_half, labels)) * effects))


def _kept(effects: Array, strata: Array, of_half: Callable[[Array], Array], labels: Array | None) -> float:
    """The part of the sum of squared effects that is not of pairs of images."""
    total = _squares(effects, strata)
    if total <= 0 or np.bincount(strata).min() < 2:
        return 1.0
    place = np.empty(len(strata), dtype=np.int64)
    for stratum in range(strata.max() + 1):
        own = np.flatnonzero(strata == stratum)
        place[own] = np.arange(len(own)) + stratum  # so that not every odd image more is in the same half
    halves = [np.flatnonzero(place % 2 == k) for k in (0, 1)]
    if labels is not None and any(len(np.unique(labels[half])) < len(np.unique(labels)) for half in halves):
        return 1.0
    try:
        with np.errstate(divide="ignore", invalid="ignore"):  # half of the images may have the same features
            halved = np.mean([_squares(of_half(half), strata[half]) for half in halves])
    except Undefined:
        return 1.0
    return float(np.clip(1.5 - 0.25 * halved / total, LEAST, 1)) if np.isfinite(halved) else 1.0


def strata_of(drawn: Array) -> Array:
    """The classes inside which the resamples (B, N) are drawn, as numbers from 0 on, (N,): all images where none are held.

    Place i holds images of the class of image i in every resample.
    """
    count = drawn.shape[1]
    places = np.tile(np.arange(count), len(drawn))
    joined = scipy.sparse.csr_array((np.ones(drawn.size), (places, drawn.ravel())), shape=(count, count))
    return np.asarray(scipy.sparse.csgraph.connected_components(joined, directed=False)[1], dtype=np.int64)


def _squares(effects: Array, strata: Array) -> float:
    """The sum of squares inside the strata, made up for the mean that is taken from each; of one image it is not known."""
    _, number, counts = np.unique(strata, return_inverse=True, return_counts=True)
    inside = effects - (np.bincount(number, effects) / counts)[number]
    return float((np.bincount(number, inside**2) * counts / np.maximum(counts - 1, 1)).sum())
