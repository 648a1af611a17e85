"""RSA: whether the source's features and those of a network trained on the target find the same pairs of images unlike."""

import numpy as np
import scipy.stats

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.halves import pairs_once
from benchmark.measures.resampling import sample


@measure(
    grows="min(N, most)² (D + F + log N)",
    citation="Dwivedi & Roig, Representation similarity analysis for efficient task taxonomy & transfer learning, CVPR 2019",
)
def rsa(features: Array, trained: Array, *, most: int = 1000, seed: int = 0) -> float:
    """Spearman correlation over pairs of images of 1 - Pearson correlation of standardised features with that of `trained`.

    features: (N, D); trained: the target images through a network trained on the target, (N, F). The score is in [-1, 1]. Each
    feature is scaled to mean 0 and variance 1 first, as in dbolya/parc, which returns 100 times the score; the paper compares
    networks of one architecture, as here. At most `most` images are sampled with `seed`, since work grows with the square.
    """
    return _correlation(features, trained, most, seed)[1]


@rsa.bootstrap
def resampled(draws: Draws, features: Array, trained: Array, *, most: int, seed: int) -> Array:
    """To first order in how often an image is drawn, with the ranks of the pairs held fixed.

    What belongs to a pair of images counts once: with 200 images of 512 features the interval was 1.28 times too wide.
    """
    rows, value, effects = _correlation(features, trained, most, seed)
    return pairs_once(draws, value, effects, lambda half: _of_pairs(features[rows[half]], trained[rows[half]])[1], rows)


@cache_last
def _correlation(features: Array, trained: Array, most: int, seed: int) -> tuple[Array, float, Array]:
    """Sampled row numbers, (n,), the score, and its change when an image is counted once more, (n,)."""
    rows = sample(features, most, seed)
    return rows, *_of_pairs(features[rows], trained[rows])


def _of_pairs(features: Array, trained: Array) -> tuple[float, Array]:
    """The score of all images, and its change when an image is counted once more, (n,)."""
    count = len(features)
    if count < 4:
        raise Undefined(f"{count} images have too few pairs to be ranked")
    pairs = np.triu_indices(count, 1)
    ranks = []
    for given in (features, trained):
        unlike = _unlike(given)[pairs]
        if np.ptp(unlike) <= 1e-9:
            raise Undefined("a network finds every pair of images equally unlike")
        ranked = scipy.stats.rankdata(np.round(unlike, 9))  # equal pairs must tie in spite of rounding errors
        ranks.append((ranked - ranked.mean()) / ranked.std())
    value = float(np.mean(ranks[0] * ranks[1]))
    parts = (ranks[0] * ranks[1] - value * (ranks[0] ** 2 + ranks[1] ** 2) / 2) / len(pairs[0])
    return value, np.bincount(pairs[0], parts, count) + np.bincount(pairs[1], parts, count)


def _unlike(rows: Array) -> Array:
    """1 - Pearson correlation of the images by standardised features, (n, n)."""
    moved = rows - rows.mean(axis=0)
    spread = moved.std(axis=0)
    moved = moved[:, spread > 1e-9 * spread.max()] / spread[spread > 1e-9 * spread.max()]
    moved -= moved.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    moved = np.divide(moved, lengths, out=np.zeros_like(moved), where=lengths > 1e-9)
    return np.asarray(1 - moved @ moved.T)
