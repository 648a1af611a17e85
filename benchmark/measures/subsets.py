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
    """Scores of resamples, (B,), from subsets of `count` images; score: numbers of images → their score, NaN if undefined.

    The mean of m of n images varies over subsets by (n-m)/m times what the mean of n fresh images varies by. So the distances
    of the scores from their mean are multiplied by √(m/(n-m)), and put around `value`, the score of all images.
    """
    scores = np.array([score(rows) for rows in chosen])
    kept = sum(len(rows) for rows in chosen)
    left = max(1, count * len(chosen) - kept)
    known = scores[np.isfinite(scores)]
    around = known.mean() if len(known) else 0.0
    return np.asarray(value + (scores - around) * np.sqrt(kept / left))


def held_out_scores(draws: Draws, labels: Array, results: Array, fixed: Array, again: Callable[[Array], Array]) -> Array:
    """Scores of resamples, (B,), of a cross-validated classifier: with the luck of the images that it learns from.

    results: of each image, (N,). fixed: scores of the resamples from these results, (B,), which hold the luck of the images
    that are predicted. again: row numbers of half of the images → their results if this half were all images. How much the
    mean result of the same images then changes varies as the training images do. It also varies by chance, because single
    results are right or wrong and nothing in between: by their variance over the number of images if the images change apart
    from each other, by half of it if the same images always change, as the half is drawn from twice as many. Three quarters are
    subtracted, and the rest is added to the variance of `fixed`.
    """
    halves = subsets(draws, labels, 0.5)
    changes = [again(rows) - results[rows] for rows in halves]
    varied = np.var([each.mean() for each in changes], ddof=1) if len(changes) > 1 else 0.0
    chance = 0.75 * float(np.mean([each.var() / len(each) for each in changes]))
    return with_variance(fixed, max(0.0, float(varied) - chance))


def with_variance(scores: Array, variance: float) -> Array:
    """The scores of resamples (B,), their distances from the mean stretched so that their variance grows by `variance`.

    It may be negative; half of the variance is left at least.
    """
    known = scores[np.isfinite(scores)]
    own = known.var(ddof=1) if len(known) > 1 else 0.0
    return scores if own == 0 else known.mean() + (scores - known.mean()) * np.sqrt(max(1 + variance / own, 0.5))
