"""Intervals from subsets of the images: for scores that a resample would change, because it holds some images twice."""

from collections.abc import Callable

import numpy as np

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array


def subsets(draws: Draws, labels: Array, share: float, taken: Array | None = None) -> list[Array]:
    """Subsets without replacement, sorted numbers of images; each resample seeds one. Of n images of a class about share n.

    labels: (N,). taken: the rows of the images of which there are subsets, by default all; numbers are places in it. Where
    resamples hold other numbers of a class than the sample does, so do the subsets.
    """
    of_taken = labels if taken is None else labels[taken]
    own = [np.flatnonzero(of_taken == label) for label in range(labels.max() + 1)]
    counts, spread, chosen = np.bincount(labels), np.sqrt(share * (1 - share)), []
    for drawn in draws.target:
        rng = np.random.default_rng(drawn)
        shift = spread * (np.bincount(labels[drawn], minlength=len(own)) / counts - 1)  # 0 where class shares are held
        # a part of an image is kept with that probability, so that small classes keep the share on average
        sizes = [
            int(np.clip((share + more) * len(rows) + rng.random(), 1, len(rows))) for rows, more in zip(own, shift, strict=True)
        ]
        parts = [rng.choice(rows, size, replace=False) for rows, size in zip(own, sizes, strict=True)]
        chosen.append(np.sort(np.concatenate(parts)))
    return chosen


def subset_scores(chosen: list[Array], count: int, value: float, score: Callable[[Array], float]) -> Array:
    """Scores of resamples, (B,), from subsets of `count` images; score: numbers of images → their score, NaN if undefined."""
    return from_subsets(chosen, count, value, np.array([score(rows) for rows in chosen]))


def from_subsets(chosen: list[Array], count: int, value: float, scores: Array) -> Array:
    """Scores of resamples, (B,), from those of the subsets `chosen` of `count` images; NaN stays.

    The mean of m of n images varies over subsets by (n-m)/m times what the mean of n fresh images varies by. So the distances
    of the scores from their mean are multiplied by √(m/(n-m)), and put around `value`, the score of all images.
    """
    kept = sum(len(rows) for rows in chosen)
    left = max(1, count * len(chosen) - kept)
    known = scores[np.isfinite(scores)]
    around = known.mean() if len(known) else 0.0
    return np.asarray(value + (scores - around) * np.sqrt(kept / left))


def cross_validated(scores: Array, value: float, folds: int) -> Array:
    """Scores of resamples of cross-validation, (B,), with the sampling error of the images that were learnt from too.

    scores: of the fixed results, (B,), which hold only the sampling error of the images that are predicted. The images of the
    other folds add to the variance about the ratio of the held-out images to them, 1/(folds - 1) (Nadeau & Bengio, Inference
    for the generalization error, Machine Learning 52, 2003); distances from `value`, the score, grow accordingly.
    """
    return np.asarray(value + (scores - value) * np.sqrt(1 + 1 / (folds - 1)))
