"""Intervals from subsets of the images: for scores that a resample would change, because it holds some images twice."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array

WITHOUT = 0.2  # share of the images that a subset lacks, where pairs of subsets show what is of pairs of images
WEIGHT = (1 - WITHOUT) / (1 - 2 * WITHOUT)  # of subsets without one part: what images change alone cancels
BEYOND = 0.3472  # what pairs of images add to the variance of the rest, as a part of what they add to that of the score
TAKEN = 0.6  # of it that is taken off
LEAST = 0.73  # of the variance that is kept at least: that much is left if all of it is of pairs


def subsets(draws: Draws, labels: Array, share: float, taken: Array | None = None) -> list[Array]:
    """Subsets without replacement, sorted numbers of images; each resample seeds one. Of n images of a class about share n.

    labels: (N,). taken: the rows of the images of which there are subsets, by default all; numbers are places in it. Where
    resamples hold other numbers of a class than the sample does, so do the subsets.
    """
    of_taken = labels if taken is None else labels[taken]
    own = [np.flatnonzero(of_taken == label) for label in range(labels.max() + 1)]
    counts, spread, chosen = np.bincount(labels), np.sqrt(share * (1 - share)), []
    for drawn in draws.target:
        rng = np.random.default_rng(drawn.astype(np.uint32))  # the same numbers as of int64, which NumPy reads one by one
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


def scores_less_pairs(
    draws: Draws, labels: Array, value: float, score: Callable[[Array], float], taken: Array | None = None
) -> Array:
    """Scores of resamples, (B,), as subset_scores of 80 % of the images has them, but with less of what pairs of images change.

    Subsets of the share f count the part of the variance that is of pairs (1+f)/f times, 2.25, and that of triples 3.81 times.
    Two subsets A and B that lack different fifths, and C that lacks both, show it: of C - 4/3 (A + B) everything that an image
    changes alone cancels, and its variance over the draws is 0.347 of the part of pairs and 1.309 of that of triples. It is
    taken off so that pairs and triples count about 1.6 times; with more taken off, triples would count less than nothing.
    labels, taken: see `subsets`. score: numbers of images → their score, NaN if undefined.
    """
    alone: list[Array] = []
    beyond = []
    for one, other in _lacking(draws, labels, taken):
        count = len(one)
        alone += [np.flatnonzero(~one), np.flatnonzero(~other)]
        beyond.append(np.flatnonzero(~(one | other)))
    scores, joint = np.array([score(rows) for rows in alone]), np.array([score(rows) for rows in beyond])
    drawn = from_subsets(alone, count, value, scores)
    rest = joint - WEIGHT * (scores[::2] + scores[1::2])
    rest = rest[np.isfinite(rest)]
    whole = np.nanvar(drawn, ddof=1) if np.isfinite(drawn).sum() > 1 else 0.0
    kept = 1.0
    if whole > 0 and len(rest) > 1:
        kept = float(np.clip(1 - TAKEN * rest.var(ddof=1) / BEYOND / whole, LEAST, 1))
    return np.asarray(value + (drawn - value) * np.sqrt(kept))[: len(draws.target)]


def _lacking(draws: Draws, labels: Array, taken: Array | None) -> Iterator[tuple[Array, Array]]:
    """For every second resample two masks of images, (n,), that have none in common: what two subsets lack."""
    chosen = subsets(draws, labels, 1 - WITHOUT, taken)
    of_taken = labels if taken is None else labels[taken]
    for number in range(0, len(chosen), 2):
        rng = np.random.default_rng(np.array([1, *draws.target[number]], dtype=np.uint32))
        one, other = np.ones(len(of_taken), dtype=bool), np.zeros(len(of_taken), dtype=bool)
        one[chosen[number]] = False
        wanted = np.bincount(of_taken[chosen[(number + 1) % len(chosen)]], minlength=labels.max() + 1)
        for label, kept in enumerate(wanted):
            free = np.flatnonzero((of_taken == label) & ~one)
            lacking = min(int((of_taken == label).sum()) - kept, len(free) - 1)  # an image of the class stays
            other[rng.choice(free, max(lacking, 0), replace=False)] = True
        yield one, other


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
