"""Image domain similarity: how near the nearest source image is to each target image."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.resampling import first_order, multiplicities, sample

BLOCK = 2**22  # distances at a time, 32 MiB


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
    """To first order: the distance of each target image, and by how much the second nearest image is farther than the nearest.

    Without a source image, the target images that it is nearest to have their second nearest one. Resamples of the source lose
    a third of its images, and their distances spread less than those of new images.
    """
    distances, near, rows = _nearest(neutral, source_neutral, most, seed)
    own, size = np.zeros(len(neutral)), len(source_neutral)
    own[rows] = (distances[:, 0].mean() - distances[:, 0]) / len(rows)
    of_source = np.bincount(near[:, 0], distances[:, -1] - distances[:, 0], size) / len(rows)
    changed = (multiplicities(draws.source, size) - 1) @ of_source
    return first_order(draws, -float(distances[:, 0].mean()), own) + changed


@cache_last
def _nearest(target: Array, source: Array, most: int, seed: int) -> tuple[Array, Array, Array]:
    """The two nearest source images of each sampled target image: distances and rows, (n, 2), and the sample, (n,)."""
    rows = np.sort(sample(target, most, seed)) if len(target) > most else np.arange(len(target))
    step, middle = max(1, BLOCK // len(source)), source.mean(axis=0)
    target, source = target[rows] - middle, source - middle  # products of numbers far from 0 would cancel
    lengths = np.einsum("md,md->m", source, source)
    near = np.empty((len(target), 2), dtype=np.int64)
    for start in range(0, len(target), step):
        order = target[start : start + step] @ source.T
        order *= -2
        order += lengths  # |x - y|^2 but for |x|^2
        near[start : start + step, 0] = first = order.argmin(axis=1)
        order[np.arange(len(order)), first] = np.inf
        near[start : start + step, 1] = order.argmin(axis=1)
    # exact, also where an image is on both sides
    distances = np.stack([np.linalg.norm(target - source[near[:, k]], axis=1) for k in range(2)], axis=1)
    turned = distances[:, 1] < distances[:, 0]  # equal but for rounding errors
    distances[turned], near[turned] = distances[turned, ::-1], near[turned, ::-1]
    return distances, near, rows
