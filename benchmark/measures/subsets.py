"""Intervals from subsets of the images: for scores that a resample would change, because it holds some images twice."""

from collections.abc import Callable

import numpy as np

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array

SHARE = 0.8  # of the images of each class that a subset keeps


def subset_scores(draws: Draws, labels: Array, value: float, score: Callable[[Array], float]) -> Array:
    """Scores of resamples (B,) from subsets without replacement, one for each resample, which seeds it.

    score: row numbers of a subset, sorted → its score, NaN if undefined. Of n images of a class about 0.8 n are kept. The mean
    of m of n images varies over subsets by (n-m)/m times what the mean of n fresh images varies by; so the distances of the
    scores from their mean are multiplied by √(m/(n-m)) = 2, and put around `value`, the score of all images.
    """
    own = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    scores, kept = np.full(len(draws.target), np.nan), 0
    for number, drawn in enumerate(draws.target):
        rng = np.random.default_rng(drawn)
        # a part of an image is kept with that probability, so that small classes keep the share on average
        sizes = [max(1, int(SHARE * len(rows) + rng.random())) for rows in own]
        subset = np.concatenate([rng.choice(rows, size, replace=False) for rows, size in zip(own, sizes, strict=True)])
        scores[number] = score(np.sort(subset))
        kept += len(subset)
    left = max(1, len(labels) * len(draws.target) - kept)
    known = scores[np.isfinite(scores)]
    around = known.mean() if len(known) else 0.0
    return np.asarray(value + (scores - around) * np.sqrt(kept / left))


def with_variance(scores: Array, variance: float) -> Array:
    """The scores of resamples (B,), their distances from the mean stretched so that their variance grows by `variance`."""
    known = scores[np.isfinite(scores)]
    own = known.var(ddof=1) if len(known) > 1 else 0.0
    return scores if own == 0 else known.mean() + (scores - known.mean()) * np.sqrt(1 + variance / own)
