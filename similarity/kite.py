"""KITE: whether the features follow the labels, and how far they are from those of a network without training."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.alignment import alignment
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators
from benchmark.measures.halves import strata_of
from benchmark.measures.pairs import counted_once, looked_at
from benchmark.measures.resampling import first_order


@measure(
    grows="N min(N, D + F) (D + F)",
    citation="Guo, KITE: a kernel-based improved transferability estimation method, arXiv 2405.01603, 2024",
    multilabel="whole",
)
def kite(features: Array, labels: Array, untrained: Array) -> float:
    """CKA(features, labels) / CKA(features, untrained features): target alignment over random alignment; above 0.

    features: (N, D); untrained: the target images through the same backbone with random weights, (N, F), the same for every
    source; labels: (N,), or (N, L) with several labels per image. CKA is the centred kernel alignment of linear kernels; that
    of the labels is 1 for two images of one class, or the number of labels that they share. The score does not depend on the
    unit of the features. Both alignments are the biased ones, which rise where N < D, the lower one more. An untrained source
    is like the untrained network up to its seed, so it scores about CKA(features, labels). The paper finds little difference
    between kernels and between seeds of the random network; its formula was read in its abstract and in a summary.
    """
    return _ratio(features, labels, untrained)[0]


@kite.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, untrained: Array) -> Array:
    """To first order in how often an image is drawn: a duplicate would make every pair of kernels look alike.

    Pairs of images count once: with 200 images of 512 features the interval was 1.14 times too wide.
    """
    value, effects = _ratio(features, labels, untrained)
    if looked_at(len(features), max(features.shape[1], untrained.shape[1])):
        effects = counted_once(effects, _pairs(features, labels, untrained), strata_of(draws.target))
    return first_order(draws, value, effects)


@cache_last
def _ratio(features: Array, labels: Array, untrained: Array) -> tuple[float, Array]:
    """The score, and its change when an image is counted once more, (N,)."""
    wanted = _wanted(labels)
    if not np.ptp(wanted, axis=0).any():
        raise Undefined("all images have the same labels")
    along, along_slopes = alignment(features, wanted, debiased=False)
    like, like_slopes = alignment(features, untrained, debiased=False)
    if like <= 1e-12:
        raise Undefined("the features have nothing in common with those of the untrained network, so the ratio has no value")
    return along / like, along_slopes / like - along / like**2 * like_slopes


def _wanted(labels: Array) -> Array:
    return indicators(labels) if labels.ndim == 1 else labels.astype(np.float64)


def _pairs(features: Array, labels: Array, untrained: Array) -> Array:
    """What each pair of images adds to the score through its own entries of the three centred kernels, (N, N)."""
    own, wanted, random = (_kernel(rows) for rows in (features, _wanted(labels), untrained))
    along, like = float(np.vdot(own, wanted)), float(np.vdot(own, random))
    by_along = 2 * own * wanted - along * (own**2 + wanted**2)
    return np.asarray((by_along - along / like * (2 * own * random - like * (own**2 + random**2))) / like)


def _kernel(rows: Array) -> Array:
    """The centred Gram matrix of rows (N, D), divided by its norm, (N, N)."""
    moved = rows - rows.mean(axis=0)
    moved /= np.sqrt((moved**2).mean())
    kernel = moved @ moved.T
    return np.asarray(kernel / np.linalg.norm(kernel))
