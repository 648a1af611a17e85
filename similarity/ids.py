"""Image domain similarity: how near the nearest source image is to each target image."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.resampling import first_order, multiplicities, sample

BLOCK = 2**22  # distances at a time, 32 MiB
NEAREST = 32  # source images kept for each target image; that a resample has none of them happens once in e^32


@measure(
    grows="min(N, most) M E",
    citation="Mensink, Uijlings, Kuznetsova, Gygli & Ferrari, Factors of influence for transfer learning across diverse "
    "appearance domains and task types, TPAMI 2021",
)
def ids(neutral: Array, source_neutral: Array, *, most: int = 2000, seed: int = 0) -> float:
    """Negated mean over target images of the Euclidean distance to the nearest source image; at most 0.

    neutral: (N, E); source_neutral: (M, E), both from the neutral network, so that both sides share their axes. The more source
    images there are, the nearer is the nearest one: compare sources with equally many images. Above `most` target images, a
    sample of `most` of them with `seed` is looked at, beside all source images; the interval is that of the sample. The code of
    the survey by secret-hammer standardises each image, fits a separate PCA to each side, whose axes are not comparable, and
    matches images one to one.
    """
    return -float(_nearest(neutral, source_neutral, most, seed)[0][:, 0].mean())


@ids.bootstrap
def resampled(draws: Draws, neutral: Array, source_neutral: Array, *, most: int, seed: int) -> Array:
    """Draws target images, and leaves out the source images that are not drawn, about 37 %, as a jackknife does.

    Leaving out so many rests on many of the nearest distances; one at a time, on a single step where one source image is
    nearest to most of the target. The factor √(p / (1 - p)), p = 63 %, makes the spread that of whole new sources.
    """
    distances, near, rows = _nearest(neutral, source_neutral, most, seed)
    own, size, first = np.zeros(len(neutral)), len(source_neutral), distances[:, 0].mean()
    hub = np.bincount(near[:, 0]).max() / len(rows)
    if hub > 0.5:
        raise Undefined(f"one source image is the nearest to {hub:.0%} of the target, and whole new sources differ more")
    own[rows] = (first - distances[:, 0]) / len(rows)
    left_out = (1 - 1 / size) ** size
    changed = np.empty(len(draws.source))
    for number, present in enumerate(multiplicities(draws.source, size) > 0):
        drawn = present[near]  # (n, k), nearest first
        drawn[:, -1] = True
        changed[number] = first - distances[np.arange(len(near)), drawn.argmax(axis=1)].mean()
    return np.asarray(first_order(draws, -float(first), own) + np.sqrt((1 - left_out) / left_out) * changed)


@cache_last
def _nearest(target: Array, source: Array, most: int, seed: int) -> tuple[Array, Array, Array]:
    """The nearest source images of each sampled target image, in order: distances and rows, (n, k), and the sample, (n,)."""
    rows = np.sort(sample(target, most, seed)) if len(target) > most else np.arange(len(target))
    step, middle, kept = max(1, BLOCK // len(source)), source.mean(axis=0), min(NEAREST, len(source))
    target, source = target[rows] - middle, source - middle  # products of numbers far from 0 would cancel
    lengths = np.einsum("md,md->m", source, source)
    distances, near = np.empty((len(target), kept)), np.empty((len(target), kept), dtype=np.int64)
    for start in range(0, len(target), step):
        block = target[start : start + step]
        order = block @ source.T
        order *= -2
        order += lengths  # |x - y|^2 but for |x|^2
        found = np.argpartition(order, kept - 1, axis=1)[:, :kept]
        found = np.take_along_axis(found, np.take_along_axis(order, found, axis=1).argsort(axis=1, kind="stable"), axis=1)
        square = np.take_along_axis(order, found, axis=1) + np.einsum("nd,nd->n", block, block)[:, None]
        near[start : start + step], distances[start : start + step] = found, np.sqrt(np.maximum(square, 0))
    distances[:, 0] = np.linalg.norm(target - source[near[:, 0]], axis=1)  # exact, also where an image is on both sides
    return distances, near, rows
