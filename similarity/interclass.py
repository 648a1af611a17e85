"""INT: the mean distance between images of different classes."""

import numpy as np

from benchmark import Array, CatsError, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators
from benchmark.measures.resampling import multiplicities, sample
from benchmark.measures.transport import square_distances

BLOCK = 500  # rows of distances at a time


@measure(
    grows="min(N, most)² D",
    citation="Singh, Hess & Vanschoren, Occam's model: selecting simpler representations for better transferability "
    "estimation, arXiv 2502.06925, 2025",
)
def interclass(features: Array, labels: Array, *, scale: str = "unit", most: int = 1000, seed: int = 0) -> float:
    """Pairwise normalised interclass distance (INT): mean over pairs of classes of the mean distance between their images.

    features: (N, D); labels: (N,). The paper's equation was not found: this is the INT index of cluster analysis, of which it
    has the name and the words, as the package pymfe of one of its authors' group computes it: 2 / (C (C-1)) Σ over pairs of
    classes of the sum of distances divided by the number of pairs of images. scale="raw" is that number, which grows with the
    unit of the features and so with the network. "unit", the default, divides by the root mean squared distance of all pairs of
    images, so that sources can be compared; a score is then above 0 and about 1 where the classes do not differ. At most `most`
    images are sampled with `seed`, classes in proportion.
    """
    rows, distances = _distances(features, labels, most, seed)
    return float(_between(np.ones((1, len(rows))), distances, labels[rows], scale)[0])


@interclass.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, scale: str, most: int, seed: int) -> Array:
    """The score depends only on how often each image is drawn; no image forms a pair with itself."""
    rows, distances = _distances(features, labels, most, seed)
    return _between(multiplicities(draws.target, len(labels))[:, rows], distances, labels[rows], scale)


@cache_last
def _distances(features: Array, labels: Array, most: int, seed: int) -> tuple[Array, Array]:
    """Sampled row numbers, (n,), and the distances of their images, (n, n)."""
    rows = sample(features, most, seed, labels)
    chosen = features[rows]
    parts = np.array_split(chosen, -(-len(rows) // BLOCK))
    distances = np.concatenate([np.sqrt(square_distances(part, chosen)) for part in parts])
    np.fill_diagonal(distances, 0)
    if not distances.any():
        raise Undefined("the sampled images have the same features")
    return rows, distances


def _between(counts: Array, distances: Array, labels: Array, scale: str) -> Array:
    """Scores for how often each image counts (B, n) → (B,)."""
    if scale not in {"unit", "raw"}:
        raise CatsError(f"interclass: scale is '{scale}'; it must be 'unit' or 'raw'")
    y = indicators(labels)
    scores = np.empty(len(counts))
    for number, one in enumerate(counts):
        weighted = one[:, None] * y
        numbers = weighted.sum(axis=0)
        present = numbers > 0  # a class may be lost where several labels are resampled together
        means = (weighted.T @ distances @ weighted)[np.ix_(present, present)] / np.outer(numbers[present], numbers[present])
        scores[number] = (means.sum() - np.trace(means)) / (len(means) * (len(means) - 1)) if len(means) > 1 else np.nan
    if scale == "unit":
        pairs = counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)
        scores /= np.sqrt(((counts @ distances**2) * counts).sum(axis=1) / pairs)
    return scores
