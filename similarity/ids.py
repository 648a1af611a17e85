"""Image domain similarity: how near the nearest source image is to each target image."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.resampling import multiplicities

BLOCK = 1000  # target images at a time
NEAREST = 32  # source images kept for each target image; that a resample has none of them happens once in e^32


@measure(
    grows="N M E",
    citation="Mensink, Uijlings, Kuznetsova, Gygli & Ferrari, Factors of influence for transfer learning across diverse "
    "appearance domains and task types, TPAMI 2021",
)
def ids(neutral: Array, source_neutral: Array) -> float:
    """Negated mean over target images of the Euclidean distance to the nearest source image; at most 0.

    neutral: (N, E); source_neutral: (M, E), both from the neutral network, so that both sides share their axes. The code of the
    survey by secret-hammer standardises each image, fits a separate PCA to each side, whose axes are not comparable, and
    matches images one to one.
    """
    return -float(_nearest(neutral, source_neutral, 1)[0].mean())


@ids.bootstrap
def resampled(draws: Draws, neutral: Array, source_neutral: Array) -> Array:
    """For each drawn target image the nearest of the drawn source images, averaged."""
    distances, rows = _nearest(neutral, source_neutral, NEAREST)
    weights = multiplicities(draws.target, len(neutral))
    scores = np.empty(len(weights))
    for number, (weight, present) in enumerate(zip(weights, multiplicities(draws.source, len(source_neutral)), strict=True)):
        drawn = present[rows] > 0  # (N, k), nearest first
        drawn[:, -1] = True
        nearest = distances[np.arange(len(rows)), drawn.argmax(axis=1)]
        scores[number] = -(weight @ nearest) / weight.sum()
    return scores


def _nearest(target: Array, source: Array, most: int) -> tuple[Array, Array]:
    """The `most` nearest source images of each target image: distances and row numbers, (N, k), nearest first."""
    most = min(most, len(source))
    middle = source.mean(axis=0)
    target, source = target - middle, source - middle  # products of numbers far from 0 would cancel
    lengths = np.einsum("md,md->m", source, source)
    distances, rows = np.empty((len(target), most)), np.empty((len(target), most), dtype=np.int64)
    for start in range(0, len(target), BLOCK):
        block = target[start : start + BLOCK]
        order = lengths - 2 * block @ source.T  # |x - y|^2 but for |x|^2
        near = np.argpartition(order, most - 1, axis=1)[:, :most] if most > 1 else order.argmin(axis=1)[:, None]
        exact = np.stack([np.linalg.norm(block - source[near[:, k]], axis=1) for k in range(most)], axis=1)
        turn = np.argsort(exact, axis=1, kind="stable")
        distances[start : start + BLOCK] = np.take_along_axis(exact, turn, axis=1)
        rows[start : start + BLOCK] = np.take_along_axis(near, turn, axis=1)
    return distances, rows
